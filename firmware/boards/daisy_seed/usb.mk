# SPDX-License-Identifier: MIT
# USB for the Seed's image, by TinyUSB, whose sources scripts/tinyusb.sh brings. Included by seed.mk.
#   USB=0 builds without, which is also what happens where the sources are missing; TINYUSB=dir takes them from elsewhere.

TINYUSB ?= $(or $(LOTTAVA_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lottava)/tinyusb
# Not ?=, as the Makefile above hands an empty one down.
ifeq ($(USB),)
USB := $(if $(wildcard $(TINYUSB)/src/tusb.h),1,0)
endif

SEED_USB_NONE := $(SEED_BOARD)/usb_none.cc
SEED_USB_SOURCES := $(sort $(filter-out $(SEED_USB_NONE),$(wildcard $(SEED_BOARD)/usb*.cc)))
TINYUSB_SOURCES := tusb.c common/tusb_fifo.c device/usbd.c device/usbd_control.c class/cdc/cdc_device.c \
                   class/midi/midi_device.c portable/synopsys/dwc2/dcd_dwc2.c portable/synopsys/dwc2/dwc2_common.c
# Someone else's code: its own dialect, no warnings of ours. Without jump tables, emulator/stack.py sees where it goes.
TINYUSB_INCLUDES := -isystem $(SEED_BOARD)/tinyusb -isystem $(TINYUSB)/src
TINYUSB_FLAGS = -std=gnu11 -w -fno-jump-tables $(TINYUSB_INCLUDES) $(SEED_FLAGS)

ifeq ($(USB),0)
SEED_USB := $(call objects,$(SEED_USB_NONE),$(SEED))
else
SEED_USB := $(call objects,$(SEED_USB_SOURCES),$(SEED)) $(TINYUSB_SOURCES:%=$(SEED)/tinyusb/%.o)
$(SEED_USB): CXX_FLAGS += $(TINYUSB_INCLUDES)
endif

$(SEED)/tinyusb/%.c.o: $(TINYUSB)/src/%.c $(wildcard $(SEED_BOARD)/tinyusb/*.h) $(SEED_BOARD)/usb.mk $(SEED_BOARD)/seed.mk
	@mkdir -p $(@D)
	$(SEED_CROSS)gcc $(TINYUSB_FLAGS) -c $< -o $@

# The image is linked anew when USB is switched on or off.
SEED_USB_CHOICE := $(SEED)/usb-$(USB)
$(SEED_USB_CHOICE):
	@mkdir -p $(@D)
	@rm -f $(SEED)/usb-*
	@touch $@

-include $(SEED_USB:.o=.d)
