// SPDX-License-Identifier: MIT
// The Seed's 64 MB of SDRAM, at 0xC0000000.
#pragma once

namespace lottava::seed {

// Takes 0.1 ms. Before it nothing may read there, speculatively neither: MemoryInit opens the region afterwards.
void SdramInit();

}  // namespace lottava::seed
