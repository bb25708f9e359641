"""What people see of export."""
