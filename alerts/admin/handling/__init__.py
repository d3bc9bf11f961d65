"""What staff do about alerts, in the admin: with a page that asks first, or at once."""
