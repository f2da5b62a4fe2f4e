# `make demo` and `make test` do everything on a machine with Python 3.11 to 3.13 and make.
#
#   PYTHON         interpreter to build .venv with, tried before python3.11, python3.12, python3.13, python3
#   TORCH_OPTIONS  options for installing torch, e.g. "--index-url <your usual CPU wheel index>"
#   RUN            run folder of the demo
#   WORKERS        test processes
#   PYTEST_ARGS    more options for pytest, e.g. "-k legacy"

PYTHON ?= python3.11
TORCH_OPTIONS ?=
RUN ?= runs/demo
WORKERS ?= 2
PYTEST_ARGS ?=
VENV ?= .venv

BIN := $(VENV)/bin
# Both variables: an older pip reads the first for the build tools too, a newer one the second.
# pip compiles on one core, and compileall on all of them. A few packages hold files of another Python, which stay as they are.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo test lint lint-types lint-style lint-layers format check docs install install-dev install-docs clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, run the whole job on the embedded data, print the path of the report"
	@echo "make test    install, run the tests"
	@echo "make lint    ruff, mypy and import-linter"
	@echo "make check   test, then lint"
	@echo "make format  let ruff rewrite the code"
	@echo "make docs    write the pages that are made from the code, execute the tutorials, build the site"
	@echo "make clean   remove caches (not .venv, not runs)"

demo: install
	$(BIN)/rainsmith run --config configs/demo.yaml --run "$(RUN)"
	@test -f "$(RUN)/report.html" && echo "$$(cd "$(RUN)" && pwd)/report.html"

# Only the plug-ins that the tests use: pytest rewrites the whole package of each one that it finds by itself, zarr among
# them, in every process; and that of benchmarks would leave a folder behind. The order of the modules is that of
# tests/conftest.py: the modules with the most tests first, as xdist would have them, leaves long ones for the end.
test: install-dev
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -p xdist -p timeout -p hypothesispytest \
	  -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

# mypy takes most of the time: with "make -j 2 lint" the others run beside it.
lint: lint-types lint-style lint-layers

lint-types: install-dev
	$(BIN)/mypy

lint-style: install-dev
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs

lint-layers: install-dev
	$(BIN)/lint-imports --no-cache --no-logo

check:
	$(MAKE) test
	$(MAKE) lint

format: install-dev
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

# The pages that are made from the code, then the site, whose tutorials are executed; a warning ends it.
docs: install-docs
	$(BIN)/python docs/make_pages.py
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going -c docs -d build/doctrees -b html . build/docs
	@echo "$(CURDIR)/build/docs/index.html"

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev
install-docs: $(VENV)/installed-docs

# A shim that stands for no interpreter (pyenv) and an interpreter out of range are passed over: each is run, not looked up.
$(VENV)/torch: pyproject.toml constraints.txt
	@if ! $(BIN)/python -c 'import pip' >/dev/null 2>&1; then \
	  found=; seen=; \
	  for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	    "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 || continue; \
	    seen="$$python"; \
	    "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue; \
	    found="$$python"; break; \
	  done; \
	  if [ -z "$$found" ] && [ -n "$$seen" ]; then \
	    echo "found $$seen without its venv module; install it (Debian, Ubuntu: apt install python3-venv) and call make again" >&2; exit 2; \
	  elif [ -z "$$found" ]; then \
	    echo "found no Python 3.11 to 3.13; install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 2; \
	  fi; \
	  echo "creating $(VENV) with $$($$found --version)"; \
	  "$$found" -m venv --clear "$(VENV)"; \
	fi
	@echo "installing the pinned versions (a few minutes, once)"
	@$(PIP) install --quiet --no-compile --no-deps $(TORCH_OPTIONS) "$$(grep '^torch==' constraints.txt)"
	@touch $@

$(VENV)/installed: $(VENV)/torch
	@$(PIP) install --quiet --no-compile --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/installed-docs: $(VENV)/torch
	@$(PIP) install --quiet --no-compile --editable '.[docs]'
	@$(COMPILE)
	@touch $@

$(VENV)/installed-dev: $(VENV)/torch
	@$(PIP) install --quiet --no-compile --editable '.[dev]'
	@$(COMPILE)
	@touch $@

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache build dist
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
