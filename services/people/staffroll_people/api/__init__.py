"""HTTP: one module per resource, with its schemas beside it."""
