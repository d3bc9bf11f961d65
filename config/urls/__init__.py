"""Which URLs a process has: `everything`, or what its web service alone serves. Importing this package loads none."""
