"""The look of the admin, and what the admin pages of several apps share."""
