// SPDX-License-Identifier: MIT
// The way into the DFU loader in the chip's ROM, by a reset: the loader expects a chip as it wakes up, without a watchdog.
#pragma once

namespace lottava::seed {

[[noreturn]] void RebootToLoader();

// The very first thing after reset: goes to the loader where RebootToLoader asked for it, else returns.
void EnterLoaderIfAsked();

}  // namespace lottava::seed
