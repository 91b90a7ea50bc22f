// SPDX-License-Identifier: MIT
// What a program on the Seed gives the start-up code besides main().
#pragma once

// For code that runs before anything is unpacked, or when RAM can't be trusted.
#define LOTTAVA_FLASH __attribute__((section(".flash")))

// The very first thing after reset, at the latest the clocks. There is no data yet and no code in RAM.
void PrepareChip();
