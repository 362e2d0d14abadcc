# Wants Python 3.11 or newer and make; everything else is installed into .venv from requirements.lock.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 5000
BIN := .venv/bin
READY := .venv/ready
DBT := build/dbt/ready
COMPILE := build/lock/bin/uv pip compile pyproject.toml --quiet --system-certs --universal --fork-strategy fewest --no-strip-extras \
  --generate-hashes --custom-compile-command "make lock"
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: help calibrate test test-all lint ui bench notebooks golden lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

calibrate: $(READY) ## set up, fetch the Telco table, calibrate on it: results in runs/telco
	$(BIN)/python experiments/telco/fetch.py
	$(BIN)/chs-ml calibrate experiments/telco/calibration.yaml -o runs/telco
	@echo
	@echo "Results: runs/telco (weights.json, weights.csv, evaluation.json, figures/). In MLflow: make ui"

test: $(READY) $(DBT) ## set up, run the tests and the examples in docstrings
	$(BIN)/python -m pytest -n 2

test-all: $(READY) $(DBT) ## the same with ClickHouse, which is large (installs it)
	$(BIN)/pip install --quiet --require-hashes -r tests/requirements.lock
	CHS_ALL_ENGINES=true $(BIN)/python -m pytest -n 2

lint: $(READY) ## format, rules, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict chs_ml

ui: $(READY) ## MLflow's pages on the results, at http://127.0.0.1:5000 (or PORT=...)
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow server \
	  --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port $(PORT) --workers 1

bench: $(READY) ## measure against the rivals (installs them)
	$(BIN)/pip install --quiet --require-hashes -r benchmarks/requirements.lock
	@set -e; for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench; done

notebooks: $(READY) ## run every notebook from top to bottom
	$(BIN)/jupyter execute notebooks/*.ipynb

golden: $(READY) ## measure the experiments again: experiments/*/results.md and the README's pictures
	$(BIN)/python experiments/telco/fetch.py
	$(BIN)/python experiments/measure.py
	$(BIN)/python experiments/histories.py

lock: ## solve the versions again; those in the locks stay where they still fit
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv==0.13.9
	$(COMPILE) --extra dev --extra notebooks -o requirements.lock
	for more in benchmarks tests; do cp requirements.lock $$more/requirements.lock; done # so that all take the same versions
	$(COMPILE) --extra bench -o benchmarks/requirements.lock
	$(COMPILE) --extra dev --extra notebooks --extra clickhouse -o tests/requirements.lock
	$(subst pyproject.toml,tests/dbt.in,$(COMPILE)) --python-version 3.11 -o tests/dbt.lock

clean: ## remove caches and builds; runs, mlflow.db and .venv stay
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find chs_ml tests experiments benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("chs_ml needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv; the first time takes a few minutes"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DBT): tests/dbt.lock
	$(PYTHON) -m venv build/dbt
	build/dbt/bin/pip install --quiet --require-hashes -r tests/dbt.lock
	@touch $@
