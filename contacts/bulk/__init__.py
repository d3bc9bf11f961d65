"""The same change for many clinicians."""
