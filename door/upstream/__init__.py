"""The way to the services behind the door, and their answers back."""
