// SPDX-License-Identifier: MIT
// Sixteen LEDs behind two 74HC595 and the Seed's own.
#pragma once
#include "app/leds.h"

namespace lottava::seed {

// Dark until the first LedsShow.
void LedsInit();

// From the main loop; what is shown already is not sent again, so the lines are still while nothing changes.
void LedsShow(const LedFrame& frame);

}  // namespace lottava::seed
