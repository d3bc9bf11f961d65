"""The URLs of each process: `everything`, or those of one web service. Importing this package loads none."""
