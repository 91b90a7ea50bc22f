# SPDX-License-Identifier: MIT
# Products of the images by a checkout of CMSIS-NN 7 instead of nn/matmul.c and nn/depthwise.c, same bits.
# Included by firmware/Makefile behind seed.mk and bench.mk, whose objects and flags it uses.
#   make seed CMSIS_NN_DIR=dir BUILD=dir        dir holds Include/ and Source/; give it a build folder of its own
#   make cmsis-s16 CMSIS_NN_DIR=dir BUILD=dir   the graph runner alone: cmsis/lottava-cmsis-s16.elf

ifneq ($(CMSIS_NN_DIR),)
ifeq ($(wildcard $(CMSIS_NN_DIR)/Include/arm_nnfunctions.h),)
  $(error $(CMSIS_NN_DIR) holds no Include/arm_nnfunctions.h; give CMSIS_NN_DIR the full path of a CMSIS-NN 7 checkout)
endif
CMSIS_S16_SOURCES := arm_convolve_s16 arm_nn_mat_mult_kernel_s16 arm_depthwise_conv_wrapper_s16 \
                     arm_depthwise_conv_s16 arm_depthwise_conv_fast_s16 \
                     arm_depthwise_conv_get_buffer_sizes_s16
CMSIS_S16_ADAPTERS := matmul_s16 depthwise_s16
# Among nn's objects, which the linker scripts put into ITCM.
CMSIS_S16_OBJECTS := $(patsubst %,$(SEED)/nn/cmsis_nn/%.c.o,$(CMSIS_S16_SOURCES) $(CMSIS_S16_ADAPTERS))
SEED_LIBS := $(CMSIS_S16_OBJECTS) $(SEED_LIBS)

$(SEED)/lottava-seed.elf $(BENCH)/lottava-bench.elf: $(CMSIS_S16_OBJECTS)
$(SEED)/nn/cmsis_nn/arm_%.c.o: $(CMSIS_NN_DIR)/Source/ConvolutionFunctions/arm_%.c $(ROOT)/cmsis/s16.mk
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(SEED_CPU) -std=c11 -w -Ofast -g -ffunction-sections -fdata-sections \
	  -isystem $(CMSIS_NN_DIR)/Include -c $< -o $@
$(SEED)/nn/cmsis_nn/%_s16.c.o: $(ROOT)/cmsis/%_s16.c $(ROOT)/cmsis/s16.mk
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(C_FLAGS) -isystem $(CMSIS_NN_DIR)/Include $(SEED_FLAGS) -c $< -o $@

.PHONY: cmsis-s16
cmsis-s16: $(CMSIS)/lottava-cmsis-s16.elf
$(CMSIS)/lottava-cmsis-s16.elf: $(call objects,$(NN_SOURCES),$(SEED)) $(CMSIS_S16_OBJECTS) $(ROOT)/cmsis/image.ld
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(SEED_CPU) -nostartfiles -nostdlib -Wl,-e,nn_matmul_s8s16 -T $(ROOT)/cmsis/image.ld \
	  -o $@ $(filter %.o,$^) -lc -lgcc

-include $(CMSIS_S16_OBJECTS:.o=.d)
endif
