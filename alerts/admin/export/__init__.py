"""A file of the alerts that the list shows, for people who audit."""
