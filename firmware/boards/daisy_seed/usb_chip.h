// SPDX-License-Identifier: MIT
// The chip's side of USB: which core, its clock, its pins, whether a host powers the panel's socket.
#pragma once
#include <cstdint>

namespace lottava::seed {

enum class UsbPort : std::uint8_t { kSeed = 0, kPanel = 1 };  // TinyUSB's numbers of the cores, OTG_FS and OTG_HS

// HSI48 on and selected; the panel's VBUS sense.
void UsbChipInit();

// Clock and pins of a port; HSI48 follows its frames. The core wakes up as from reset.
void UsbPortOn(UsbPort port);

// The port's core is held in reset and lets go of the bus.
void UsbPortOff(UsbPort port);

bool UsbPanelHasPower();

}  // namespace lottava::seed
