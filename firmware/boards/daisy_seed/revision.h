// SPDX-License-Identifier: MIT
// Which Seed this is: two pins that the board straps to ground.
#pragma once
#include <cstdint>

namespace lottava::seed {

// The values that hello reports, see HelloReply in generated/wire.h.
enum class SeedRevision : std::uint8_t { kRev4 = 0, k1_1 = 1, k2Dfm = 2 };

// Waits 10 us for the pull-ups.
SeedRevision ReadRevision();

}  // namespace lottava::seed
