// SPDX-License-Identifier: MIT
// What emulator/pack.py packed comes out again; the format stands there. Knows no register, so that a host can try it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lottava::seed {

constexpr std::size_t kUnpackContexts = 2, kUnpackSlots = 1u << 16, kUnpackLogistic = 4096;

// Bits' probabilities and the mixer's tables, of no use afterwards.
struct UnpackModel {
  std::int16_t stretch[kUnpackLogistic];
  std::uint16_t squash[kUnpackLogistic];
  std::int32_t weights[8][kUnpackContexts];
  std::uint16_t others[256];
  std::uint16_t literals[kUnpackContexts][kUnpackSlots];
};

// Fills [to, end), an even count of bytes; false where the stream can't be a packed one.
bool Unpack(const std::uint8_t* from, const std::uint8_t* from_end, std::uint8_t* to, std::uint8_t* end, UnpackModel* model);

}  // namespace lottava::seed
