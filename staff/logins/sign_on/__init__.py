"""Single sign-on: the claims of a provider about a person, and which login is theirs."""
