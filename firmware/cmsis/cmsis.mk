# SPDX-License-Identifier: MIT
# An "s8s8" graph on the CMSIS-NN 4.0.0 kernels of the Python package bakenn, as an image for the emulated core.
# Included by firmware/Makefile after boards/daisy_seed/seed.mk, whose compiler and flags it uses.
#   make cmsis [CMSIS_GRAPH=dir] [CMSIS_S8_DIR=dir]   build/cmsis/lottava-cmsis.elf
# CMSIS_GRAPH is the folder of cmsis_graph_s8.h; CMSIS_S8_DIR that of cmsis_nn/ and cmsis_core/ (else the package's).

CMSIS := $(BUILD)/cmsis
CMSIS_GRAPH ?= $(ROOT)/generated
CMSIS_PYTHON ?= $(firstword $(wildcard $(ROOT)/../.venv/bin/python) python3)
ifneq ($(filter cmsis,$(MAKECMDGOALS)),)
  CMSIS_S8 := $(shell cd $(ROOT)/.. && $(CMSIS_PYTHON) -c 'import sys; \
    from lottava.export.cmsis_nn import main; main(sys.argv[1:])' $(CMSIS_S8_DIR))
  ifeq ($(CMSIS_S8),)
    $(error CMSIS-NN's s8 sources were not found; pip install 'lottava[cmsis]', and name its Python: CMSIS_PYTHON=...)
  endif
  CMSIS_S8_DIR := $(firstword $(CMSIS_S8))
endif

# Third-party C, compiled as such: warnings off, and at the level that CMSIS-NN's own build file asks for.
CMSIS_INCLUDES := -isystem $(CMSIS_S8_DIR)/cmsis_nn/Include -isystem $(CMSIS_S8_DIR)/cmsis_core/Include
CMSIS_KERNEL_FLAGS := $(SEED_CPU) -std=c11 -w -Ofast -g -ffunction-sections -fdata-sections $(CMSIS_INCLUDES)
CMSIS_KERNEL_OBJECTS := $(patsubst %,$(CMSIS)/kernels/%.o,$(wordlist 2,99,$(CMSIS_S8)))
CMSIS_OBJECTS := $(patsubst %,$(CMSIS)/%.o,graph_s8.c image.c)

.PHONY: cmsis
cmsis: $(CMSIS)/lottava-cmsis.elf

$(CMSIS)/lottava-cmsis.elf: $(CMSIS_OBJECTS) $(CMSIS_KERNEL_OBJECTS) $(ROOT)/cmsis/image.ld
	$(SEED_CROSS)gcc $(SEED_CPU) -nostartfiles -nostdlib -Wl,--gc-sections -T $(ROOT)/cmsis/image.ld \
	  -o $@ $(CMSIS_OBJECTS) $(CMSIS_KERNEL_OBJECTS) -lc -lgcc
$(CMSIS)/kernels/%.c.o: $(CMSIS_S8_DIR)/%.c $(ROOT)/cmsis/cmsis.mk
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(CMSIS_KERNEL_FLAGS) -c $< -o $@
$(CMSIS)/%.c.o: $(ROOT)/cmsis/%.c $(ROOT)/cmsis/cmsis.mk
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc -I$(CMSIS_GRAPH) $(C_FLAGS) $(CMSIS_INCLUDES) $(SEED_FLAGS) -c $< -o $@

-include $(CMSIS_OBJECTS:.o=.d)
