# SPDX-License-Identifier: MIT
# The Daisy Seed's image (target `seed`) and a small one that exercises the board alone (`seed-tone`).
# Included by firmware/Makefile, whose sources and warning flags it uses.
#   make seed   [VOICE_HEADER=dir]  build/seed/lottava-seed.elf, .bin, .map

SEED := $(BUILD)/seed
SEED_BOARD := $(ROOT)/boards/daisy_seed
SEED_CROSS ?= arm-none-eabi-
SEED_CPU := -mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard
# -fcallgraph-info=su: what -fstack-usage says of each function, by the name that the linker knows (emulator/stack.py).
SEED_FLAGS = $(SEED_CPU) $(SEED_LEVEL) -g -ffunction-sections -fdata-sections -fno-unwind-tables \
              -fno-asynchronous-unwind-tables -fcallgraph-info=su -isystem $(SEED_BOARD)/freestanding -MMD -MP
# No start files, no system calls, no C++ library: a heap, an exception or printf fails to link.
SEED_LINK := $(SEED_CPU) -nostartfiles -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings -Wl,--emit-relocs -T $(SEED_BOARD)/seed.ld
SEED_LIBS := -lc -lm -lgcc

include $(SEED_BOARD)/usb.mk
SEED_BOARD_SOURCES := $(sort $(filter-out %/main.cc $(SEED_USB_SOURCES) $(SEED_USB_NONE),$(wildcard $(SEED_BOARD)/*.cc)))
SEED_OBJECTS := $(call objects,$(SOURCES) $(BENCH_CASES) $(SEED_BOARD_SOURCES) $(SEED_BOARD)/main.cc,$(SEED)) $(SEED_USB)
SEED_TONE_OBJECTS := $(call objects,$(filter-out %/bench.cc,$(SEED_BOARD_SOURCES)) $(SEED_USB_NONE) $(ROOT)/test/seed_tone.cc,$(SEED))

# Flash is dear and cycles only where audio is made: what runs now and then, or loses little by it, is compiled for size.
SEED_LEVEL := -O2
SEED_QUICK := $(NN_SOURCES) $(DSP_SOURCES) $(BENCH_CASES) $(ROOT)/app/module.cc $(SEED_BOARD)/main.cc
SEED_SLOW := $(addprefix $(ROOT)/nn/,blob.c layer_check.c levels.c load.c prepack.c tables.c pointwise.c recurrent.c) \
             $(addprefix $(ROOT)/dsp/,noise_pairs.cc nsf_source.cc sigmoid_cubics.cc)
$(filter-out $(call objects,$(filter-out $(SEED_SLOW),$(SEED_QUICK)),$(SEED)),$(SEED_OBJECTS)): SEED_LEVEL := -Os

# These run before memset and memcpy are there, or when they can't be trusted: no loop may become a call to them.
$(call objects,$(addprefix $(SEED_BOARD)/,startup.cc unpack.cc fault.cc clock.cc),$(SEED)): SEED_CPU += -fno-tree-loop-distribute-patterns

$(call objects,$(SEED_BOARD)/unpack.cc,$(SEED)): SEED_LEVEL := -O2
.PHONY: seed seed-tone
seed: $(SEED)/lottava-seed.bin
seed-tone: $(SEED)/lottava-tone.elf

# Linked twice: first with nothing packed, to see what runs in RAM, then with that. Nothing else moves.
SEED_PYTHON ?= $(firstword $(wildcard $(ROOT)/../.venv/bin/python) python3)
SEED_PACK := $(ROOT)/emulator/pack.py
SEED_PACKED := cold itcm data
$(SEED)/lottava-seed.elf: $(SEED_OBJECTS) $(SEED_USB_CHOICE)
$(SEED)/lottava-tone.elf: $(SEED_TONE_OBJECTS)
$(SEED)/%.elf: $(SEED_BOARD)/seed.ld $(SEED_PACK:.py=*.py)
	$(SEED_PYTHON) $(SEED_PACK) >$(@:.elf=.s)
	$(SEED_CROSS)g++ $(SEED_LINK) -o $(@:.elf=.loose) $(filter %.o,$^) $(@:.elf=.s) $(SEED_LIBS)
	$(foreach name,$(SEED_PACKED),$(SEED_CROSS)objcopy -O binary -j .$(name) $(@:.elf=.loose) $(@:.elf=.$(name)) &&) :
	$(SEED_PYTHON) $(SEED_PACK) $(SEED_PACKED:%=$(@:.elf=.%)) >$(@:.elf=.s)
	$(SEED_CROSS)g++ $(SEED_LINK) -Wl,-Map=$(@:.elf=.map) -o $@ $(filter %.o,$^) $(@:.elf=.s) $(SEED_LIBS)
$(SEED)/%.bin: $(SEED)/%.elf
	$(SEED_CROSS)objcopy -O binary $(SEED_PACKED:%=-R .%) $< $@
$(SEED)/%.c.o: $(ROOT)/%.c $(SEED_BOARD)/seed.mk $(ROOT)/Makefile
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(C_FLAGS) $(SEED_FLAGS) -c $< -o $@
$(SEED)/%.cc.o: $(ROOT)/%.cc $(SEED_BOARD)/seed.mk $(ROOT)/Makefile
	@mkdir -p $(@D)
	$(SEED_CROSS)g++ $(CXX_FLAGS) $(SEED_FLAGS) -c $< -o $@

-include $(SEED_OBJECTS:.o=.d) $(SEED_TONE_OBJECTS:.o=.d)
