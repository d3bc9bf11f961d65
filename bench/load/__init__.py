"""What hospital systems do to Bleep in a benchmark: whom they alert, how they send, and how many at once."""
