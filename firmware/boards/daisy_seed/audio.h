// SPDX-License-Identifier: MIT
// Sound out (and in) through SAI1 and the AK4556 of the Seed Rev4.
#pragma once
#include <cstdint>

namespace lottava::seed {

constexpr unsigned kBlockSize = 48;

using Frame = std::int32_t[2];  // left, right: 24 bits, sign-extended
using BlockCallback = void (*)(const Frame* in, Frame* out);

// Resets the codec (2 ms), then calls back from the interrupt once a block. What is written to `out`
// starts to sound one block later.
void AudioStart(BlockCallback callback);

// Blocks whose half was due again before it had been filled.
std::uint32_t AudioMissedBlocks();

// Silence from the next sample on, whatever goes on elsewhere, until a reset.
void AudioMute();

}  // namespace lottava::seed
