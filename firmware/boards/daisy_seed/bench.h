// SPDX-License-Identifier: MIT
// Small programs under the core's cycle counter.
#pragma once
#include "app/bench.h"

namespace lottava::seed {

// CycleCounterInit and MemoryInit come first.
BenchCases MakeBenchCases();

}  // namespace lottava::seed
