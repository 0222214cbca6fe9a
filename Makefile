# Two commands: `make play` and `make test`. The others are shortcuts, or steps of these.

# One build folder for play and test, outside the clone, so that a fresh clone starts warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/bonanza/target
# Where rustup puts cargo, for a shell that was opened before Rust was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin
# The level that `make play` opens; by default the menu with all of them.
export LEVEL

.PHONY: help play test train setup test-rust test-python test-train lint clean

help:
	@echo 'make play    build Bonanza and start it (LEVEL=name opens a level); without a display, run one and leave a report'
	@echo 'make test    build Bonanza and run every test'
	@echo 'make train   train a baseline in Python (TASK=name, by default land) and hold it against the script'
	@echo 'make test-train  the tests that need a learning library'
	@echo 'make lint    format check, lints, the boundary between world and window, documentation'
	@echo 'make setup   install the system packages that the others need'
	@echo 'make clean   remove what was built ($(CARGO_TARGET_DIR))'

play: setup
	@scripts/play

# A further test suite is one more word on this line and one more rule below.
test: setup test-rust test-python

train: setup
	@scripts/train $(TASK)

setup:
	@scripts/setup

test-rust:
	@echo '==> Building and running the tests (the first build takes a while: it compiles the renderer too)'
	@mkdir -p '$(CARGO_TARGET_DIR)'
	cargo test

test-python:
	@scripts/test-python

# Apart from `test`, because the learning library is a download of gigabytes.
test-train: setup
	@scripts/test-train

lint:
	@scripts/lint

clean:
	cargo clean
