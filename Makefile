# make run    the main job: the baseline at full scale, into results/baseline, and what reform may change beside it,
#             over the calibrated ensemble, into results/compare
# make experiments  the studies of docs/experiments.md at full size, into results/my_experiments/: many hours;
#             STUDIES="e05 e07" takes some, SMOKE=--smoke tiny versions, RESULTS=FOLDER another place
# make app    the model live in a browser
# make test   style, types and the test suite
# make lint   style and types only
# make docs   the documentation site, into site/
# make release  wheel, source archive and an archive for deposit, into dist/
# make lock   write requirements.lock again from pyproject.toml (UPGRADE=--upgrade takes the newest versions)
# make clean  remove the environment, caches and builds; results stay
#
# Both `run` and `test` make a virtual environment in .venv the first time. After that no network is needed
# until requirements.lock changes.

PYTHON ?= python3
SCALE ?= 1
UNTIL ?= 2035-08
OUT ?= results/baseline
COMPARED ?= no_change white_paper_2026 paper_sequence
COMPARE_OUT ?= results/compare
STUDIES ?=
SMOKE ?=
RESULTS ?= results/my_experiments$(if $(SMOKE),_smoke)
JOBS ?= 2
UPGRADE ?=

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DELETE_ON_ERROR:
.PHONY: run experiments app test lint docs release lock clean test-tools

run: .venv/project.stamp
	$(BIN)/sendcycle run --scale $(SCALE) --until $(UNTIL) --out $(OUT)
	$(BIN)/sendcycle remove $(COMPARE_OUT)/runs
	$(BIN)/sendcycle compare $(COMPARED) --out $(COMPARE_OUT)

# One after another, as the registry lists them: what one reads of another was made before it.
experiments: .venv/project.stamp
	@studies="$$($(BIN)/python -m sendcycle_experiments.studies.registry $(STUDIES))" || exit 1; \
	echo "$$studies" | while read -r name folder; do \
		echo "$$name"; $(BIN)/sendcycle experiment $$name $(SMOKE) $$([ $$name != e10 ] || echo --results $(RESULTS)) --out $(RESULTS)/$$folder </dev/null || exit 1; \
	done

app: .venv/project.stamp
	$(BIN)/sendcycle app

test: lint test-tools
	$(BIN)/python -m pytest -n $(JOBS)

lint: .venv/project.stamp
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

# The page is tested in Chromium: the one that is there, else Playwright's, else Debian's.
test-tools: .venv/project.stamp
	@$(BIN)/python tests/browser.py >/dev/null 2>&1 \
		|| $(BIN)/python -m playwright install chromium \
		|| (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null)
	@$(BIN)/python tests/browser.py

# The environment is made anew when the lock changes, so that nothing is left in it which the lock does not name.
.venv/lock.stamp: requirements.lock
	$(PYTHON) -m venv --clear .venv
	@echo "installing into .venv, about a minute"
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	touch $@

# The build backend is in the lock, so this step needs no network.
.venv/project.stamp: .venv/lock.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

docs: .venv/project.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "the site is in site/; to read it with its search: $(BIN)/python -m http.server --directory site"

# hatchling is in the lock: no network is needed.
release: .venv/project.stamp
	@test -z "$$(git status --porcelain)" || { echo "make release: commit first, so that all three hold the same"; exit 1; }
	rm -rf dist
	$(BIN)/python -m hatchling build --directory dist
	git archive --format=zip --prefix=sendcycle/ --output=dist/sendcycle-deposit.zip HEAD
	ls -l dist

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --extra app --extra docs --extra test --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE) \
		--quiet --output-file requirements.lock

clean:
	rm -rf .venv .venv-lock build dist site test-results *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find model experiments tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
