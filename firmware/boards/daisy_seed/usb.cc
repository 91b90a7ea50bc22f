// SPDX-License-Identifier: MIT
// The USB device between TinyUSB and the main loop. Only the cores' interrupt handlers run outside the main loop.
#include "usb.h"

#include "tusb.h"
#include "usb_chip.h"
#include "usb_descriptors.h"

namespace lottava::seed {
namespace {

constexpr std::uint32_t kLookBlocks = 16;  // between two looks at the panel's socket

UsbPort port_;
std::uint32_t looked_at_;
bool is_sent_ = true;  // what was handed over last

void Start(UsbPort port) {
  constexpr tusb_rhport_init_t kDevice{TUSB_ROLE_DEVICE, TUSB_SPEED_FULL};
  port_ = port;
  UsbPortOn(port);
  tud_rhport_init(static_cast<std::uint8_t>(port), &kDevice);
}

void MoveTo(UsbPort port) {
  tud_deinit(static_cast<std::uint8_t>(port_));
  UsbPortOff(port_);
  Start(port);
}

void ChoosePort() {
  const bool panel = UsbPanelHasPower();
  if (port_ == UsbPort::kPanel && !panel) MoveTo(UsbPort::kSeed);
  if (port_ == UsbPort::kSeed && panel && !UsbIsReady()) MoveTo(UsbPort::kPanel);
}

}  // namespace

void UsbInit(const std::uint8_t* serial) {
  UsbDescribe(serial);
  UsbChipInit();
  Start(UsbPort::kSeed);
}

void UsbPoll(std::uint32_t blocks) {
  if (blocks - looked_at_ >= kLookBlocks) {
    looked_at_ = blocks;
    ChoosePort();
  }
  if (tud_task_event_ready()) tud_task();
  if (UsbIsReady()) tud_cdc_write_flush();
}

bool UsbIsReady() { return tud_ready(); }

int UsbRead() {
  if (tud_cdc_available() == 0) return -1;
  return static_cast<int>(tud_cdc_read_char());
}

bool UsbWrite(std::uint8_t byte) {
  if (!UsbIsReady()) return true;
  if (tud_cdc_write_available() == 0) return false;
  is_sent_ = false;
  return tud_cdc_write(&byte, 1) == 1;
}

bool UsbIsIdle() { return is_sent_ || !UsbIsReady(); }

bool UsbReadMidi(std::uint8_t packet[4]) { return tud_midi_available() != 0 && tud_midi_packet_read(packet); }

}  // namespace lottava::seed

extern "C" void tud_cdc_tx_complete_cb(std::uint8_t) {
  lottava::seed::is_sent_ = tud_cdc_write_available() == CFG_TUD_CDC_TX_BUFSIZE;
}

extern "C" void OTG_FS_IRQHandler() { tud_int_handler(0); }
extern "C" void OTG_HS_IRQHandler() { tud_int_handler(1); }
