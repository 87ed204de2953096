PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# uv asks the index that pip is set up with.
INDEX = index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PIP) config get global.index-url 2>/dev/null)}}

UNIT := tests/hazards/floods/forecast tests/hazards/floods/impact tests/hazards/floods/test_screening.py \
	tests/discharge tests/targets tests/check tests/report/test_changes.py
LARGE := tests/benchmarks tests/prepare/test_memory.py tests/static/test_portal_countries.py \
	tests/publish/test_fault_matrix.py tests/publish/test_flash_fault_matrix.py \
	tests/publish/test_typhoon_fault_matrix.py tests/publish/test_database_matrix.py \
	tests/publish/test_longer_sequences.py \
	tests/tracks/test_flipped_bits.py tests/operate/test_server_restarts.py tests/operate/test_smoke.py \
	tests/report/test_report.py \
	tests/satellites/subscriptions/test_receiver.py tests/io/test_store_emulators.py \
	tests/operate/test_ten_countries.py tests/operate/test_all_countries.py tests/operate/test_told.py \
	tests/operate/test_slots.py \
	tests/flows/test_watch_source.py tests/flows/test_fourth_hazard.py tests/flows/test_flash_floods_stories.py \
	tests/synthetic/test_demo_country.py tests/synthetic/test_uganda.py
STORIES := story or hypothesis
PROCESSES := 2
STORY_PROCESSES := 3

# Only the files that have such tests are read: to import all takes two processes most of a minute.
STORY_FILES = $(filter-out $(LARGE) $(addsuffix /%,$(LARGE)), $(shell \
	grep -rlE --include='test_*.py' 'mark\.story$(if $(filter hypothesis,$(STORIES)),|hypothesis)' tests | sort))

.PHONY: demo test test-unit test-stories test-large test-all test-lowest coverage lint docs install uganda clean

# The environment is made again where the project's needs or the locked versions changed. uv takes 15 seconds for what
# takes pip three minutes; where it cannot, such as with an index that only pip has the account of, pip does it.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INDEX); { $(PIP) install --quiet -c constraints.txt uv && env $${index:+UV_DEFAULT_INDEX="$$index"} \
		$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'; } \
	|| $(PIP) install --quiet -c constraints.txt -e '.[dev]'
	touch $@

install: $(VENV)/installed

demo: install
	$(BIN)/ibf-pipeline demo

uganda: install
	$(BIN)/ibf-pipeline demo --uganda --workspace work/uganda --open

# Rules and contracts, for every edit.
test-unit: install
	$(BIN)/python -m pytest -m "not prefect and not story" $(UNIT)

# Everything that proves behaviour, on two processes.
test: install
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadgroup --no-loadscope-reorder -m "not story"

# What takes long, and waits for most of it, so on three processes: killed workers, automations in their own time; and
# the property tests again with many examples.
test-stories: install
	IBF_TESTS=all $(BIN)/python -m pytest -n $(STORY_PROCESSES) --dist loadgroup --no-loadscope-reorder \
		-m "$(STORIES)" $(STORY_FILES)

# What is large: the benchmarks, which print their ratios, the emulators of other stores (where they are installed),
# rasters of 200 million cells, twenty countries of the portal, every call spoiled and killed at in turn, a whole
# installation with its server and workers for five minutes, a storm of 5,000 notifications, a report of 40 drawn
# events, ten countries on two machines, all countries in processes, automations that wait for the server's own
# clock, a hazard that is brought from outside, flash floods of the portal's mock scenarios and of six blocks, the demo
# country's files and Uganda's finer ones made again.
test-large: install
	$(BIN)/python -m pytest -m story $(LARGE)

test-all: test-stories test-large test

# The rules' share of lines and branches that test-unit runs; below the floor of pyproject.toml it fails.
coverage: install
	$(BIN)/python -m coverage run -m pytest -m "not prefect and not story" $(UNIT)
	$(BIN)/python -m coverage report

# The lowest versions that pyproject.toml allows of what it names itself, in an environment of their own.
test-lowest: install
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-lowest
	$(INDEX); env $${index:+UV_DEFAULT_INDEX="$$index"} $(BIN)/uv pip install --quiet \
		--python .venv-lowest/bin/python --resolution lowest-direct -e '.[test,postgres,s3]'
	.venv-lowest/bin/python -m pytest -m "not prefect and not story" $(UNIT)

# The documentation as a folder of pages, site/index.html first; a warning fails it.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

clean:
	rm -rf $(VENV) .venv-lowest site work prepared runs sandbox
