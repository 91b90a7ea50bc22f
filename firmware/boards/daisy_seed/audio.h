// SPDX-License-Identifier: MIT
// Sound out (and in) through SAI1 and the codec of this revision of the Seed.
#pragma once
#include <cstdint>

#include "app/io.h"
#include "revision.h"

namespace lottava::seed {

constexpr unsigned kBlockSize = LOTTAVA_BLOCK_SAMPLES;

using Frame = std::int32_t[2];  // left, right: 24 bits, sign-extended
using BlockCallback = void (*)(const Frame* in, Frame* out);

// Sets up the codec (up to 10 ms), then calls back from the interrupt once a block. What is written to `out` reaches
// the codec one block later, and the jacks once OUTPUT_MUTE is released: half a second after the start.
void AudioStart(SeedRevision revision, BlockCallback callback);

// Blocks whose half was due again before it had been filled.
std::uint32_t AudioMissedBlocks();

// Silence from the next sample on, whatever goes on elsewhere, until a reset.
void AudioMute();

}  // namespace lottava::seed
