"""`make bench-size`: how the costs of taking, sending and looking at alerts grow with the tables."""
