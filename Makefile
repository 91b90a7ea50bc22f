# SPDX-License-Identifier: MIT
# Each target sets up all it needs, says what it installs, and is quick the second time.
#   make demo [DEMO_ARGS="--steps 30"]   make test [TEST_ARGS="-k wire"]   make lint   make check-c   make clean
#   make firmware [VOICE=sax]   make flash [FLASH_ARGS="--check"]   make release: the Seed's image, built, flashed, packed
#   make hardware: schematic, board and panel anew; make hardware-check: all checks; make fab: files for the board house
#   USB=0 builds firmware without USB, for where TinyUSB's sources can't be had.
#   PIP_ARGS="…" goes to pip; PYTHON=… names an interpreter of version 3.11 or newer.

export PIP_ARGS PYTHON USB
SETUP = scripts/setup.sh
RUN = .venv/bin/python -m
VOICE = sax

.PHONY: help demo test firmware flash release lint check-c hardware hardware-check fab clean

help:
	@sed -n 's/^# \{0,1\}//; 2,7p' Makefile

demo:
	@$(SETUP) python compiler usb npm
	@$(RUN) lottava demo $(DEMO_ARGS)

test:
	@$(SETUP) python compiler usb
	@$(RUN) pytest $(TEST_ARGS)

firmware:
	@$(SETUP) python compiler usb
	@$(RUN) lottava export $(VOICE) --out build/firmware --image

flash: firmware
	@$(SETUP) dfu
	@$(RUN) lottava flash build/firmware/seed/lottava-seed.bin $(FLASH_ARGS)

release:
	@$(SETUP) python compiler usb
	@$(RUN) lottava release $(VOICE) --out build/release

lint:
	@$(SETUP) python
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy lottava training export calibration firmware/emulator hardware

# Own code only: warnings of correctness, performance and portability, each an error. False ones: firmware/cppcheck.txt.
check-c:
	@$(SETUP) cppcheck
	cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
		--std=c11 --std=c++17 --platform=arm32-wchar_t4 --suppressions-list=firmware/cppcheck.txt \
		-I firmware -I firmware/boards/daisy_seed/freestanding \
		firmware/app firmware/bench firmware/boards firmware/dsp firmware/nn firmware/test

# KiCad comes with set-up. Routing is apart, some minutes: .venv/bin/python -m lottava.hardware route
hardware:
	@$(SETUP) python kicad
	@$(RUN) lottava.hardware build

hardware-check:
	@$(SETUP) python kicad compiler
	@$(RUN) lottava.hardware check
	@$(RUN) pytest -q tests/kicad

fab:
	@$(SETUP) python kicad
	@$(RUN) lottava.hardware fab

clean:
	rm -rf build demo firmware/build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
