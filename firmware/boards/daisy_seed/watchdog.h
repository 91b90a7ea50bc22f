// SPDX-License-Identifier: MIT
// The independent watchdog: without a feed in time the chip starts anew. Once started, only a reset stops it.
#pragma once
#include <cstdint>

namespace lottava::seed {

// Starts, or changes the time, and feeds. 1 .. 2000 ms; the LSI that counts them is up to 8 % off.
void WatchdogStart(std::uint32_t milliseconds);

void WatchdogFeed();

}  // namespace lottava::seed
