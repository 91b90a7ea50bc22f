// SPDX-License-Identifier: MIT
// What the USB device says it is.
#pragma once
#include <cstdint>

namespace lottava::seed {

// Serial string of 24 hexadecimal digits; product "lottava" and four digits that tell two modules apart.
void UsbDescribe(const std::uint8_t serial[12]);

}  // namespace lottava::seed
