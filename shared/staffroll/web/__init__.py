"""HTTP: the parts that every service is made of."""
