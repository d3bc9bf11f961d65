# The two commands a new user needs are `make run` and `make test`.
UV = .venv/bin/uv

.PHONY: lock
lock:  ## Lock the dependencies again, with hashes, for Python 3.11 to 3.13 (addresses of registries stay out).
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url pyproject.toml -o requirements.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt
