# Each command is one line that calls a script anyone can read.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell command -v $(p))))

.PHONY: run link test test-fast lint bench

run: ## start everything; the last line printed is a sign-in link
	@$(PYTHON) scripts/run.py

link: ## print a new one-time sign-in link while it runs
	@$(PYTHON) scripts/link.py

test: ## prove that it works: real Redis, SQLite, PostgreSQL and Chromium
	@$(PYTHON) scripts/test.py

test-fast: ## the tests that need neither a browser nor PostgreSQL
	@$(PYTHON) scripts/test.py --fast

lint: ## style, types, templates, migrations, import directions
	@$(PYTHON) scripts/lint.py

bench: ## measure against the peers; minutes to hours
	@$(PYTHON) scripts/bench.py
