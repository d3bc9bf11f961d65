"""Amazon Connect of the stand-in: outbound calls."""
