// SPDX-License-Identifier: MIT
// The converter behind SAI1, another one on each revision of the Seed.
#pragma once
#include "revision.h"

namespace lottava::seed {

// Brings the codec from whatever state it is in to converting 24-bit frames; takes up to 10 ms. One that doesn't
// answer stays silent, and the module runs on: its console can still be asked.
void CodecStart(SeedRevision revision);

// The WM8731 alone; false when it doesn't answer.
bool Wm8731Start();

}  // namespace lottava::seed
