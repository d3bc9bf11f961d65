"""Reports for people who audit."""
