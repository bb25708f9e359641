"""Staffroll: one human, in step as user, employee and person."""
