"""How texts are written: one normal form for what is stored and looked up, and what only looks the same."""
