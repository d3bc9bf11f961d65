"""The code of the function; nothing else goes there."""
