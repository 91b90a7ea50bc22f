// SPDX-License-Identifier: MIT
// What the instrument gets from the panel: converters, gates and probe of this board, put together.
#pragma once
#include <cstdint>

#include "app/buttons.h"
#include "app/io.h"
#include "app/normalling.h"

namespace lottava::seed {

void PanelInit();

// Once a block, first thing in the audio interrupt: what it does to the probe is read a block later.
void ReadPanel(LottavaInputs* inputs);

// What the buttons have asked for since the last call, once; and whether hold is on, which keeps the gate high.
ButtonEvent TakeButtonEvent();
bool PanelIsHeld();

// Revision of the board, 0 for a bare Seed, whose buttons are open pins. Once every multiplexer position has been read.
std::uint8_t FindBoard();

// Which jacks have a cable, and what to put on the contacts of the others.
Normalling& PanelNormalling();

}  // namespace lottava::seed
