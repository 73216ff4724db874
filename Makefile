# Two commands: `make run` and `make test`. Each does all its own set-up.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# pip by default, because it reads an office's pip.conf mirror; uv where it is already installed.
# --no-compile saves most of pip's time: Python compiles what it imports at the first run.
install = if command -v uv >/dev/null 2>&1; then \
	    uv pip install --quiet --python $(PY) --require-hashes -r $(1); \
	  else \
	    $(PY) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1); \
	  fi
LOCK := $(PY) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

.PHONY: run test slow lint bench lock schema clean

run: $(VENV)/.ready ## the main job on the made-up default city; prints the path of the map
	@$(PY) -m planner run scenarios/chuanhui.yaml

test: lint $(VENV)/.browser ## every check and every test
	@$(PY) -m pytest

slow: $(VENV)/.ready ## the siting properties on 500 random cases each
	@PLANNER_EXAMPLES=500 $(PY) -m pytest tests/test_questions.py tests/test_engine.py tests/test_covering.py \
	    tests/test_centre.py tests/test_dispersion.py tests/test_capacity.py tests/test_phasing.py tests/test_services.py tests/test_alternatives.py

lint: $(VENV)/.ready
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.bench ## every benchmark; its peers are installed beside the rest, and change none of it
	@OMP_NUM_THREADS=2 $(PY) -m benchmarks

lock: $(VENV)/.ready ## two locks for every platform and Python; hashes, no index address
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) --extra samples --group dev pyproject.toml -o requirements.lock
	@$(LOCK) --group bench --constraints requirements.lock -o benchmarks/requirements.lock

schema: $(VENV)/.ready ## scenarios/scenario.schema.json from the models
	@$(PY) -m planner.scenario > scenarios/scenario.schema.json

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("planner needs Python 3.11 or later; set PYTHON=")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV) ..."
	@$(call install,requirements.lock)
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "planner.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "$(CURDIR)/$(PY)" -m planner "$$@"\n' > $(VENV)/bin/planner && chmod +x $(VENV)/bin/planner
	@touch $@

$(VENV)/.bench: $(VENV)/.ready benchmarks/requirements.lock
	@echo "installing the peers to compare with ..."
	@$(call install,benchmarks/requirements.lock)
	@touch $@

$(VENV)/.browser: $(VENV)/.ready tests/install_browser.sh
	@sh tests/install_browser.sh
	@touch $@
