// SPDX-License-Identifier: MIT
// What TinyUSB is built with: a device of one serial port and one MIDI port, on either of the chip's two cores.
#ifndef LOTTAVA_TUSB_CONFIG_H_
#define LOTTAVA_TUSB_CONFIG_H_

#define CFG_TUSB_MCU OPT_MCU_STM32H7
#define CFG_TUSB_OS OPT_OS_NONE
#define CFG_TUD_ENABLED 1
#define CFG_TUD_MAX_SPEED OPT_MODE_FULL_SPEED  // both ports are wired to the full-speed transceivers

#define CFG_TUD_ENDPOINT0_SIZE 64
#define CFG_TUD_CDC 1
#define CFG_TUD_CDC_RX_BUFSIZE 256
#define CFG_TUD_CDC_TX_BUFSIZE 256
#define CFG_TUD_CDC_EP_BUFSIZE 64
#define CFG_TUD_MIDI 1
#define CFG_TUD_MIDI_RX_BUFSIZE 128
#define CFG_TUD_MIDI_TX_BUFSIZE 64

#endif  // LOTTAVA_TUSB_CONFIG_H_
