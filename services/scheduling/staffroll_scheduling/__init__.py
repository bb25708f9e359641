"""Staffroll scheduling: employees, staff membership and shifts."""
