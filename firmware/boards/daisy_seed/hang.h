// SPDX-License-Identifier: MIT
// Finds what hangs sooner than the watchdog, and where: a hang becomes a fault with the address of the code that hung.
#pragma once
#include <cstdint>

namespace lottava::seed {

// What must move on: audio blocks within 10 ms, turns of the main loop within 100 ms. Both counts stay the caller's.
void HangWatchStart(const volatile std::uint32_t* blocks, const volatile std::uint32_t* turns);

}  // namespace lottava::seed
