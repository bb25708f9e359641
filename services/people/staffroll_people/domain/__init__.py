"""The rules, pure: no Flask, no database, no clock of their own."""
