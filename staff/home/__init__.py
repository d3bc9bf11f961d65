"""The home page of the staff's site."""
