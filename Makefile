# `make` or `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# One place for the release build's flags, so that `run` and `bench` share their products.
# Exclusive access is checked at run time in debug builds, where all tests run; in the release build the checks cost a tenth.
RELEASE := -c release --product rapport -Xswiftc -enforce-exclusivity=unchecked
ARGUMENTS ?=

.PHONY: help run build test lint format bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: build ## install what is missing, build, start on SQLite with every channel in the sandbox
	@exec .build/release/rapport serve $(ARGUMENTS)

build: ## the release build: .build/release/rapport
	@scripts/require build
	@swift build $(RELEASE)

test: ## install what the tests need, start a PostgreSQL, run all tests
	@scripts/require build tests
	@scripts/test $(ARGUMENTS)

lint: ## formatting and the rules of the house
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift
	@scripts/lint

format: ## format all Swift files in place
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

bench: build ## measure on this machine's own sinks
	@exec .build/release/rapport bench $(ARGUMENTS)

clean: ## remove the build products; data/ stays
	@rm -rf .build
