// SPDX-License-Identifier: MIT
#include "app/leds.h"

namespace lottava {

namespace {

constexpr uint16_t kGreen = 0x00FF, kRed = 0xFF00;
constexpr uint8_t kNormal = 96, kBright = 255;
constexpr uint32_t kSweepBlocks = 400, kIdentifyBlocks = 125, kRunBlocks = 100;
constexpr uint32_t kBlinkBlocks = 400, kPauseBlocks = 1200;
constexpr uint32_t kHeldPeriod = 500, kHeldDark = 60;
constexpr uint32_t kBeatPeriod = 1000, kBeatBlocks = 100;

bool Blinks(uint32_t number, uint32_t blocks) {
  const uint32_t place = blocks % (number * kBlinkBlocks + kPauseBlocks);
  return place < number * kBlinkBlocks && place % kBlinkBlocks < kBlinkBlocks / 2;
}

constexpr uint16_t Bit(uint32_t number) { return static_cast<uint16_t>(1u << number); }

}  // namespace

LedFrame LedPattern(const LedState& state) {
  const uint32_t blocks = state.blocks;
  if (state.identify) {
    const bool first = blocks / kIdentifyBlocks % 2 == 0;
    return {first ? kGreen : kRed, kBright, first};
  }
  if (state.fault != LedFault::kNone) {
    const bool lit = Blinks(static_cast<uint32_t>(state.fault), blocks);
    return {lit ? kRed : uint16_t{0}, kBright, lit};
  }
  const bool beat = state.bench && blocks % kBeatPeriod < kBeatBlocks;
  if (blocks < kSweepBlocks) return {Bit(blocks * 8 / kSweepBlocks), kNormal, beat};
  if (state.calibrating) return {Bit(8 + blocks / kRunBlocks % 8), kNormal, beat};
  const bool dark = state.held && blocks % kHeldPeriod < kHeldDark;
  return {dark ? uint16_t{0} : Bit(state.slot % 8u), kNormal, beat};
}

}  // namespace lottava
