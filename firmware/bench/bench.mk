# SPDX-License-Identifier: MIT
# The kernels without a board, as the Seed's image has them, beside plain ones to compare with: for `lottava bench`.
# Included by firmware/Makefile behind seed.mk, whose compiler, flags and objects it uses.
#   make bench   build/bench/lottava-bench.elf

BENCH := $(BUILD)/bench
BENCH_FOLDER := $(ROOT)/bench
BENCH_SOURCES := $(NN_SOURCES) $(DSP_SOURCES) $(sort $(wildcard $(BENCH_FOLDER)/*.c)) $(ROOT)/boards/host/heads.cc
BENCH_OBJECTS := $(call objects,$(BENCH_SOURCES),$(SEED))

.PHONY: bench
bench: $(BENCH)/lottava-bench.elf

$(BENCH)/lottava-bench.elf: $(BENCH_OBJECTS) $(BENCH_FOLDER)/bench.ld
	@mkdir -p $(@D)
	$(SEED_CROSS)g++ $(SEED_CPU) -nostartfiles -nostdlib -Wl,--fatal-warnings -T $(BENCH_FOLDER)/bench.ld \
	  -Wl,-Map=$(@:.elf=.map) -o $@ $(BENCH_OBJECTS) $(SEED_LIBS)

-include $(BENCH_OBJECTS:.o=.d)
