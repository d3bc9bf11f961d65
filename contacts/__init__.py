"""Who is reached, and how: clinicians, their addresses, their preferences, and the route these come to."""
