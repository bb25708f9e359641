"""What people see: one module per page group, its templates beside it."""
