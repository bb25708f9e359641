"""The rules of export, pure."""
