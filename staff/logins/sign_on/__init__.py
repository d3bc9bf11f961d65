"""Single sign-on: what a provider says of somebody, and whose login that is."""
