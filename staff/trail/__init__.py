"""The trail of what people did and saw: notes who opened which page, and has the pages for auditors."""
