# Wraps CMake: installs what is missing, builds, and runs the two commands of the README.
#
#   make quickstart   install, build, run configs/quickstart.yaml, show the frontier
#   make test         install, build, run every test
#   make test-zoo     compare every architecture up to 120 M parameters with timm's numbers, and the
#                     keys of the larger ones (needs the reference folder: REFERENCE=DIR)
#   make test-fuzz    damaged files of every kind that is read, under the address and undefined
#                     behaviour sanitizers: MUTATIONS=20000 a kind, from SEED=1
#   make build        install, build
#   make format       clang-format every file
#   make clean        remove the build folder
#
# TORCH_ROOT=DIR  use this LibTorch (the folder with include/ and lib/) instead of installing one
# SWEEP=FILE      another config for `make quickstart`
# NO_INSTALL=1    install nothing; what is missing is then named by CMake

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: quickstart test test-zoo test-fuzz build install format clean

export TORCH_ROOT
BUILD ?= build
SWEEP ?= configs/quickstart.yaml
JOBS ?= $(shell nproc)
REFERENCE ?= ../shared/parity
MUTATIONS ?= 20000
SEED ?= 1
comma := ,

# $(call configure,FOLDER,OPTIONS)
configure = @set -e; root="$(TORCH_ROOT)"; [ -n "$$root" ] || root=$$(bash .ci/torch --where); \
	cmake -S . -B $(1) -G Ninja -DCMAKE_BUILD_TYPE=Release -DTORCH_ROOT="$$root" $(2) > $(1).log 2>&1 \
	  || { cat $(1).log; rm -f $(1).log; exit 1; }; rm -f $(1).log

build: install
	$(call configure,$(BUILD),-DARCHSWEEP_PLOTLY="$$(bash .ci/torch --plotly)")
	cmake --build $(BUILD) -j $(JOBS) --target archsweep archsweep-trial

quickstart: build
	$(BUILD)/bin/archsweep run $(SWEEP)

test: build
	cmake --build $(BUILD) -j $(JOBS)
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

test-zoo: build
	tests/archs/parity_check.py $(BUILD)/bin $(REFERENCE) --jobs $(JOBS)
	tests/archs/parity_check.py $(BUILD)/bin $(REFERENCE) --train --jobs $(JOBS)
	tests/archs/parity_check.py $(BUILD)/bin $(REFERENCE) --keys --min-params 120e6 --max-params 1e12

# An input that crashes a parser is left in BUILD-sanitize/NAME/crash-input.
test-fuzz: install
	$(call configure,$(BUILD)-sanitize,-DCMAKE_BUILD_TYPE=Debug -DARCHSWEEP_SANITIZE=address$(comma)undefined)
	cmake --build $(BUILD)-sanitize -j $(JOBS) --target fuzzers
	@export ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1; \
	ls tests/fuzz/corpus | xargs -P $(JOBS) -I{} bash -o pipefail -c 'mkdir -p $(BUILD)-sanitize/{} && cd $(BUILD)-sanitize/{} \
	  && ../tests/fuzz/{}_fuzz $(CURDIR)/tests/fuzz/corpus/{} $(MUTATIONS) $(SEED) | sed "s/^/{}: /"'

install:
	@bash .ci/install
	@bash .ci/torch

format: build
	cmake --build $(BUILD) --target format

clean:
	rm -rf $(BUILD)
