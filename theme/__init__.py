"""How the admin looks: the stylesheets, scripts and charts that the pages of every app share."""
