"""The parts of Bleep as containers: their settings, tasks, services, and the migrations before them."""
