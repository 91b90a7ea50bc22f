// SPDX-License-Identifier: MIT
// I2C2 as a master that writes: the control port of the WM8731 on a Seed 1.1.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lottava::seed {

void I2cInit();

// Sends `size` bytes to a 7-bit address. False when the device doesn't acknowledge or the line hangs for a millisecond.
bool I2cWrite(std::uint8_t address, const std::uint8_t* bytes, std::size_t size);

}  // namespace lottava::seed
