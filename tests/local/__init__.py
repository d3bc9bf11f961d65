"""Local life: the embedded services, the install script, `make run`, the container files."""
