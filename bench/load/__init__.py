"""The hospital systems of a benchmark: whom they alert, how they send, and how many at once."""
