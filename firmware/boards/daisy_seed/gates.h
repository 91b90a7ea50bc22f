// SPDX-License-Identifier: MIT
// GATE and FREEZE, right way up: a transistor inverts each of them on the way in.
#pragma once

namespace lottava::seed {

void GatesInit();
bool GateIsHigh();
bool FreezeIsHigh();

// True once after a rising edge at the jack, however short the pulse was.
bool TakeGateEdge();

}  // namespace lottava::seed
