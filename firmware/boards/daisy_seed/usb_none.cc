// SPDX-License-Identifier: MIT
// A firmware that was built without TinyUSB (USB=0): a device that no host ever sees.
#include "usb.h"

namespace lottava::seed {

void UsbInit(const std::uint8_t*) {}
void UsbPoll(std::uint32_t) {}
bool UsbIsReady() { return false; }
int UsbRead() { return -1; }
bool UsbWrite(std::uint8_t) { return true; }
bool UsbIsIdle() { return true; }
bool UsbReadMidi(std::uint8_t[4]) { return false; }

}  // namespace lottava::seed

// The vector table names them; nothing enables these interrupts.
extern "C" void OTG_FS_IRQHandler() {}
extern "C" void OTG_HS_IRQHandler() {}
