"""What is spelt differently and may be the same: departments, and the contact IDs of people."""
