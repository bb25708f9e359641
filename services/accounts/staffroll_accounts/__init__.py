"""Staffroll accounts: users, roles, sign-in and security."""
