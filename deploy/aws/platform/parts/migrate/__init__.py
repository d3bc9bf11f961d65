"""The code of the function. Nothing else is deployed with it."""
