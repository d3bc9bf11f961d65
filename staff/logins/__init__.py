"""People prove who they are: passwords, second factors, single sign-on, sessions."""
