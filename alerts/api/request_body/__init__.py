"""The rules for the body of a request and for the values of its fields."""
