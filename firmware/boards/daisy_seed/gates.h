// SPDX-License-Identifier: MIT
// GATE and FREEZE, right way up: a transistor inverts each of them on the way in.
#pragma once
#include <cstdint>

namespace lottava::seed {

enum class GateInput : std::uint8_t { kGate, kFreeze };

// Of a block that has been received. sample: of the block, where `edge` came, the first one if there were more.
struct GateReading {
  bool high, edge;
  std::uint8_t sample;
};

void GatesInit();
bool GateIsHigh();
bool FreezeIsHigh();

// Rising edges since the last call, however short the pulses were.
std::uint32_t TakeEdges(GateInput input);

// At the end of a block. An edge nearer to the next block than to this one's last sample is left for that one.
GateReading ReadGate();

}  // namespace lottava::seed
