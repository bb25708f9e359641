"""Staffroll people: person profiles."""
