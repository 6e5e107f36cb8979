# `make run` serves, `make test` checks everything. Both work on a fresh Debian with Python 3.11+.
PYTHON ?= python3
BIN := .venv/bin
DEBIAN := redis-server postgresql mariadb-server chromium

.PHONY: run test lint types house unit fuzz bench debian lock clean docs

run: .venv/.installed
	$(BIN)/dashapp db upgrade
	$(BIN)/dashapp examples load
	$(BIN)/dashapp run

test: .venv/.tested debian lint types unit

lint: .venv/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.tested
	$(BIN)/mypy

# Two processes share the tests, one takes over what the other has not begun.
unit: .venv/.tested
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Random questions to three engines, however they are answered: as the warehouse itself would.
QUESTIONS ?= 50000
fuzz: .venv/.tested debian
	FUZZ_QUESTIONS=$(QUESTIONS) $(BIN)/python -m pytest -n 2 --dist worksteal \
	  tests/query/fuzz/test_answers.py tests/query/fuzz/test_derivation.py

bench: .venv/.tested debian
	$(BIN)/python -m benchmarks

docs: .venv/.installed
	$(BIN)/dashapp docs

# What tests start themselves; where it cannot be installed, those tests skip and say so.
debian:
	@missing=; for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ] && command -v apt-get >/dev/null; then \
	  as=; [ "$$(id -u)" = 0 ] || as="sudo -n"; \
	  { $$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -q -y --no-install-recommends $$missing; } >/tmp/dashapp-debian.log 2>&1 \
	  || echo "Could not install$$missing (see /tmp/dashapp-debian.log); tests that need them skip."; \
	fi

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  as=; [ "$$(id -u)" = 0 ] || as="sudo -n"; $$as apt-get install -q -y python3-venv; }
	$(PYTHON) -m venv .venv

.venv/.installed: setup.cfg constraints.txt | .venv/bin/python
	$(BIN)/pip install -q -c constraints.txt setuptools wheel
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e .
	@touch $@

.venv/.tested: .venv/.installed
	$(BIN)/pip install -q -c constraints.txt --no-build-isolation -e '.[test]'
	@touch $@

# A new lock from the newest versions that setup.cfg allows.
lock:
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/pip install -q --upgrade setuptools wheel
	.lock/bin/pip install -q --no-build-isolation '.[test]'
	.lock/bin/pip freeze --all --exclude dashapp --exclude pip > constraints.txt
	rm -rf .lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
