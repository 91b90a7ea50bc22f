// SPDX-License-Identifier: MIT
#include "app/board_id.h"

#include "generated/board.h"

namespace lottava {

namespace {

constexpr float kTolerance = 0.01f;  // of the supply; two 1 % resistors make 0.002 at a ratio of a tenth
constexpr float kLadderLowest = 0.35f;

}  // namespace

uint8_t BoardRevision(uint16_t id_code, uint16_t ladder_code) {
  const float id = static_cast<float>(id_code) / kAdcFullScale;
  const bool has_ladder = static_cast<float>(ladder_code) / kAdcFullScale > kLadderLowest;
  uint8_t revision = 0;
  for (const float fraction : kBoardIdFraction) {
    ++revision;
    if (has_ladder && id > fraction - kTolerance && id < fraction + kTolerance) return revision;
  }
  return 0;
}

}  // namespace lottava
