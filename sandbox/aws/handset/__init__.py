"""For people and tests: the page with the handsets, and a JSON API to inspect and control the stand-in."""
