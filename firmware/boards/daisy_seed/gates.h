// SPDX-License-Identifier: MIT
// GATE and FREEZE, right way up: a transistor inverts each of them on the way in.
#pragma once
#include <cstdint>

namespace lottava::seed {

enum class GateInput : std::uint8_t { kGate, kFreeze };

// count: rising edges since the last call, however short the pulses were; cycles: CycleCount() at the latest one.
struct GateEdges {
  std::uint32_t count, cycles;
};

void GatesInit();
bool GateIsHigh();
bool FreezeIsHigh();
GateEdges TakeEdges(GateInput input);

// True once after one or more rising edges of GATE.
bool TakeGateEdge();

}  // namespace lottava::seed
