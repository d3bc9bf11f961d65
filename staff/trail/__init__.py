"""The trail of what people did and saw: what is noted of each page, and the pages for auditors."""
