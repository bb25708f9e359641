"""Staffroll export: user lists as CSV and other formats."""
