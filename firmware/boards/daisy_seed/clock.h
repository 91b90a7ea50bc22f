// SPDX-License-Identifier: MIT
// The clock tree: 480 MHz core, 240 MHz buses, 120 MHz peripherals, 200 MHz SDRAM, 49.1667 MHz audio.
#pragma once
#include <cstdint>

namespace lottava::seed {

constexpr std::uint32_t kCoreHz = 480'000'000;
constexpr std::uint32_t kApbHz = 120'000'000;

void ClockInit();

// Waits at least this long: the loop takes one cycle a turn or more, and no timer.
void DelayMicroseconds(std::uint32_t microseconds);

}  // namespace lottava::seed
