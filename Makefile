# `make` alone prints what can be done.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
SOURCES := shared/staffroll $(wildcard services/*/staffroll_*) $(wildcard plugins/*/staffroll_*)

# Debian packages that the tests need besides what running needs.
TEST_PACKAGES := rabbitmq-server chromium

export TEST_PACKAGES PYTHON

.DEFAULT_GOAL := help
.PHONY: help run env test test-long storm bench load lint format docs requirements audit sbom environment clean

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: ## Run everything on this machine at http://127.0.0.1:8000/ (ARGS="--port 9000", see `staffroll up --help`).
	@tools/environment.sh run
	@exec $(BIN)/staffroll up $(ARGS)

env: ## Write .env, with secrets for docker-compose.yml; what stands there already stays.
	@tools/secrets.sh

test: environment ## Run all tests except the long ones, on real servers (ARGS="-k sign_in").
	@# Tests that wait leave room: three processes keep two cores busy.
	$(BIN)/python -m pytest -m "not long" -n 3 --dist loadscope --no-loadscope-reorder \
		tests $(ARGS)

test-long: environment ## Run the long tests in their full size.
	$(BIN)/python -m pytest -m long --timeout 7200 tests/unit tests/integration tests/end_to_end $(ARGS)

storm: environment ## Kill and pause everything while many clients work, and judge (ARGS="--seed 7 --operations 10000").
	$(BIN)/python -m tests.storm $(ARGS)

bench: environment ## Measure, and print the figures.
	$(BIN)/python -m tests.bench $(ARGS)

load: environment ## A working day, a flood, and growth to a million users (ARGS="growth --people 10000 --write").
	$(BIN)/python -m tests.load $(ARGS)

lint: environment ## Check form, types, import rules, generated docs, and that nothing of this machine is committed.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate_docs --check
	$(BIN)/python tools/check_committed.py

format: environment ## Put all code into form.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: environment ## Write the generated tables into docs/.
	$(BIN)/python -m tools.generate_docs

requirements: environment ## Compile requirements/*.in into the pinned, hashed *.txt.
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--constraints requirements/run.txt requirements/test.in -o requirements/test.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		requirements/supply.in -o requirements/supply.txt

audit: build/supply ## Tell whether a package that is needed for running has a known weakness.
	build/supply/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/run.txt

sbom: build/supply build/run ## Write build/sbom.json, a CycloneDX bill of what is needed for running.
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --reinstall --python build/run \
		./shared $(wildcard ./services/*) $(wildcard ./plugins/*)
	@# Where this checkout lies is nobody's business.
	find build/run -name direct_url.json -delete
	build/supply/bin/cyclonedx-py environment --output-reproducible --output-file build/sbom.json build/run
	@echo build/sbom.json

build/%: requirements/%.txt | environment
	$(BIN)/uv venv --quiet --clear $@
	$(BIN)/uv pip install --quiet --require-hashes --python $@ -r $<
	@touch $@

environment: ## Make or renew .venv, with all that tests and checks need.
	@tools/environment.sh test

clean: ## Remove .venv, build and caches; ./data stays.
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
