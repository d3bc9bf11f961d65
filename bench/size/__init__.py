"""`make bench-size`: what taking, sending and looking at alerts costs while the tables grow."""
