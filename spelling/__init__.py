"""The normal form in which texts are stored and looked up, and texts that look alike."""
