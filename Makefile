# `make demo` and `make test` need Python and make alone; everything is set up in .venv.
# `make test-more` is what takes longer, or needs parts (hledger, strace, Spark) that it names
# where they are missing.
# `make soak` is what takes up to two hours.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# For two cores: while one of the three waits, for a database or another process, two work.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal
# Tests start many processes, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-more soak check format reference pictures bench clean

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(STAMP)
	@BIN=$(BIN) sh docs/demo.sh

test: $(STAMP)
	$(PYTEST) -m "not more and not soak"

test-more: $(STAMP)
	$(PYTEST) -m "more and not soak"

soak: $(STAMP)
	$(PYTEST) -m soak -o faulthandler_timeout=0

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(STAMP)
	$(BIN)/python -m tests.reference

pictures: $(STAMP)
	$(BIN)/python -m tests.pictures

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench build dist
