"""The rules of accounts, pure: state in, decision out."""
