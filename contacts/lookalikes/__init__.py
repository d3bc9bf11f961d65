"""Look-alikes: departments that are spelt differently, and contact IDs that people could confuse."""
