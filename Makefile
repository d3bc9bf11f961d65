# The two commands a new user needs are `make run` and `make test`. All tools come from the lock, in .venv.
.DEFAULT_GOAL := help
BIN = .venv/bin
UV = $(BIN)/uv

# What a server would have: the checks must judge a deployment, and neither this machine nor its shell.
SERVER = env -u DEBUG -u LOCAL_MODE -u HTTPS DJANGO_SETTINGS_MODULE=config.settings \
  SECRET_KEY=$$(head -c 48 /dev/urandom | base64) ALLOWED_HOSTS=bleep.example \
  DATABASE_URL=postgresql://bleep:bleep@127.0.0.1:9/bleep REDIS_URL=redis://127.0.0.1:9/0 TRUST_PROXY=true \
  FRONT_DOOR_URL=http://127.0.0.1:9 CONNECT_INSTANCE_ID=instance CONNECT_CONTACT_FLOW_ID=flow CONNECT_SOURCE_PHONE_NUMBER=+442079460000

# Bleep is many processes, and each would compile all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

# The whole suite on two processors at once; the relay and the workers of some tests come last.
SHARED_OUT = -n 2 --dist loadgroup --no-loadscope-reorder

# The files with proofs: collecting all others takes half a minute of processor.
PROOFS = $(shell grep -rl --include="*.py" "mark\.proof" tests)

.PHONY: help
help:  ## List what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: install
install:  ## Install the locked packages into .venv, unless they are there. PYTHON=... picks a Python.
	@scripts/install

.PHONY: run
run: install  ## Run all of Bleep on this machine, with a demo; PORT=9000 moves it. Ctrl-C stops it.
	@$(BIN)/python -m sandbox.run $(ARGS)

.PHONY: logs
logs: install  ## Follow the log of `make run`.
	@$(BIN)/python -m sandbox.run --logs $(ARGS)

.PHONY: trace
trace: install  ## Draw the trace of the newest alert of `make run ARGS=--traces`; ARGS=12 draws that of alert 12.
	@$(BIN)/python -m sandbox.traces $(ARGS)

.PHONY: reset
reset: install  ## Delete the data of `make run`.
	@$(BIN)/python -m sandbox.run --reset $(ARGS)

.PHONY: test
test: install  ## Run the tests; they start all that they need. ARGS="-k relay" goes to pytest.
	$(BIN)/python -m pytest -m "not proof" $(or $(ARGS),$(SHARED_OUT))

.PHONY: proofs
proofs: install  ## Run the long tests: every crash, chaos, storms, whole stacks. ARGS="-k chaos" goes to pytest.
	$(BIN)/python -m pytest -m proof $(or $(ARGS),$(SHARED_OUT) $(PROOFS))

.PHONY: check
check: lint formatted types imports migrations deploy-check dockerfile compose workflow  ## Run every check but the tests.

.PHONY: lint
lint: install  ## Check the code's style (ruff).
	$(BIN)/ruff check .

.PHONY: formatted
formatted: install  ## Check the code's layout (ruff).
	$(BIN)/ruff format --check .

.PHONY: types
types: install  ## Check the types (mypy, strict).
	@echo "mypy ."
	@$(SERVER) $(BIN)/mypy --python-version $$($(BIN)/python -c "import sys; print('%d.%d' % sys.version_info[:2])") .

.PHONY: imports
imports: install  ## Check that imports point one way (import-linter).
	$(BIN)/lint-imports --no-logo

.PHONY: migrations
migrations: install  ## Check that every model has its migration.
	@echo "manage.py makemigrations --check --dry-run"
	@$(SERVER) $(BIN)/python -W "ignore:Got an error checking a consistent migration history" \
	  manage.py makemigrations --check --dry-run

.PHONY: deploy-check
deploy-check: install  ## Check the settings as a server has them.
	@echo "manage.py check --deploy --fail-level WARNING"
	@$(SERVER) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: dockerfile
dockerfile: install  ## Check the Dockerfile (hadolint).
	$(BIN)/hadolint Dockerfile

.PHONY: compose
compose: install  ## Check the compose files against the compose specification.
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.traces.yml

.PHONY: workflow
workflow: install  ## Check the workflows against the schema of GitHub Actions.
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

.PHONY: aws-install
aws-install: install
	@COMPILE=no LOCK=deploy/aws/requirements.txt VENV=deploy/aws/.venv scripts/install

.PHONY: aws-synth
aws-synth: aws-install  ## Write the CloudFormation templates of deploy/aws to deploy/aws/cdk.out. Needs no account.
	@deploy/aws/run python -m deploy.aws.app
	@echo "Written: deploy/aws/cdk.out/*.template.json"

.PHONY: aws-deploy
aws-deploy: aws-install  ## Put what Bleep needs into your AWS account, and its settings into deploy/bleep.env.
	@deploy/aws/run cdk deploy --all --outputs-file deploy/aws/outputs.json $(ARGS)
	@deploy/aws/run python -m deploy.aws.env_file deploy/aws/outputs.json deploy/bleep.env

.PHONY: aws-destroy
aws-destroy: aws-install  ## Take it out of the account again. The key of its logs and queues stays.
	@deploy/aws/run cdk destroy --all $(ARGS)

.PHONY: check-aws
check-aws: aws-install  ## Check deploy/aws: types, rules (cdk-nag), templates (cfn-lint), tests. Needs no account.
	@deploy/aws/check

.PHONY: audit-install
audit-install: install
	@COMPILE=no LOCK=requirements-audit.txt VENV=.audit scripts/install

.PHONY: audit
audit: audit-install  ## Ask for known vulnerabilities of the locked packages (pip-audit). Says so where nobody can be asked.
	@$(BIN)/python -m scripts.audit

.PHONY: sbom
sbom: audit-install  ## List what the image is made of in sbom.cdx.json (CycloneDX), with hashes.
	@PYTHONWARNINGS=ignore .audit/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --of JSON -o sbom.cdx.json
	@echo "Written: sbom.cdx.json"

.PHONY: chaos
chaos: install  ## Break everything for a minute, then see that no alert was lost; SECONDS=15, SEED=7 repeats a plan.
	@$(BIN)/python -m bench.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: storm
storm: install  ## Measure what 10,000 Low alerts do to High ones; ARGS="--low 1000" makes it smaller.
	@$(BIN)/python -m bench.storm $(ARGS)

.PHONY: asking-storm
asking-storm: install  ## Measure how late one relay asks the next person for 2,000 alerts; ARGS="--loops 200" for fewer.
	@$(BIN)/python -m bench.asking.storm $(ARGS)

.PHONY: duplicate-storm
duplicate-storm: install  ## Send the same 200 alerts over 40 connections at once, and count.
	@$(BIN)/python -m bench.duplicate_storm $(ARGS)

.PHONY: bench
bench: install  ## Measure how fast Bleep is, beside its goals. Leave the machine alone meanwhile.
	@$(BIN)/python -m bench.speed.run $(ARGS)

.PHONY: bench-quick
bench-quick: install  ## The same with less of each, in under three minutes.
	@$(BIN)/python -m bench.speed.run --size quick $(ARGS)

.PHONY: bench-size
bench-size: install  ## Measure what it costs that there are 2,000,000 alerts and 100,000 clinicians. Takes 15 minutes.
	@$(BIN)/python -m bench.size.run $(ARGS)

.PHONY: overload
overload: install  ## Measure what is stored at up to ten times the load that Bleep can take; ARGS="--seconds 5".
	@$(BIN)/python -m bench.overload $(ARGS)

.PHONY: compare-modes
compare-modes: install  ## Measure senders that wait for the outcome beside those that do not; ARGS="--seconds 5 --rates 5".
	@$(BIN)/python -m bench.modes.compare $(ARGS)

.PHONY: format
format: install  ## Format the code and fix what ruff can fix.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: secrets
secrets:  ## Make the secret files that docker-compose.yml mounts; those that exist are kept.
	@deploy/make-secrets

.PHONY: docs
docs: install  ## Write the generated parts of the documents, and the examples of docs/api.md where they differ.
	@REFRESH_DOCS=1 $(BIN)/python -m pytest -q tests/docs/test_api.py
	@$(BIN)/python -m scripts.docs

.PHONY: screenshots
screenshots: install  ## Take the screenshots of the docs again; needs Chromium. PORT=9000 moves the Bleep that is shown.
	@$(BIN)/python -m scripts.screenshots

.PHONY: lock
lock: install  ## Lock the dependencies again, with hashes, for Python 3.11 to 3.13; ARGS=--upgrade takes newer ones.
	$(UV) pip compile -q $(ARGS) --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url pyproject.toml -o requirements.txt
	$(UV) pip compile -q $(ARGS) --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt
	$(UV) pip compile -q $(ARGS) --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url deploy/aws/requirements.in -o deploy/aws/requirements.txt
	$(UV) pip compile -q $(ARGS) --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --group pyproject.toml:audit -o requirements-audit.txt
