# annyeong120. Thin: every step is done by `python3 -m deploy.machine`, which prints one line a step and can be repeated at any time.
PYTHON ?= python3
MACHINE := $(PYTHON) -m deploy.machine
.DEFAULT_GOAL := help
.PHONY: help demo test soak bench setup prompts web lint doctor requirements clean

help: ## this list
	@echo "외로움안녕120 / annyeong120: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

demo: ## set up, then the whole helpline with one real SIP call; ARGS="--once --json" for one call and its timeline
	@$(MACHINE) demo $(ARGS)

test: ## set up, lint, then every test; ARGS="-k name" goes to pytest
	@$(MACHINE) test $(ARGS)

soak: ## the long tests, then thousands of simulated hours with every fault; ARGS="--seeds 1-100" for fewer
	@$(MACHINE) soak $(ARGS)

bench: ## set up, then measure: ours, a bare ARI script and app_queue side by side
	@$(MACHINE) bench $(ARGS)

setup: ## everything that development needs: packages, .venv, Asterisk, prompts, pages
	@$(MACHINE) setup

prompts: ## build the voice prompts whose texts changed
	@$(MACHINE) prompts

web: ## build the desk's pages (desk/web/dist) if they changed
	@$(MACHINE) web

lint: ## ruff, mypy --strict, the import arrows and svelte-check
	@$(MACHINE) lint

doctor: ## what is wrong with this installation, one line each
	@$(MACHINE) doctor $(ARGS)

requirements: ## compile pyproject.toml into the pinned files of deploy/requirements; ARGS="--upgrade" moves the pins
	@$(MACHINE) requirements $(ARGS)

clean: ## remove .venv, the built pages and other build output; never var/ (data) and never the cached Asterisk
	@$(MACHINE) clean
