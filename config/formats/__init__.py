"""How staff see times: Django looks here by way of FORMAT_MODULE_PATH."""
