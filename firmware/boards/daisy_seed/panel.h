// SPDX-License-Identifier: MIT
// What the instrument gets from the panel: converters, gates and probe of this board, put together.
#pragma once
#include <cstdint>

#include "app/buttons.h"
#include "app/io.h"
#include "app/normalling.h"
#include "app/settings.h"

namespace lottava::seed {

void PanelInit();

// Every 48 samples, first thing in the audio interrupt: what it does to the probe is read the next time.
void ReadPanel(LottavaInputs* inputs);

// In the blocks between, if there are any.
void ReadGateOnly(LottavaInputs* inputs);

// What has been asked for with the buttons since the last call goes into `settings`; true where that changes them.
bool PanelChange(SettingsImage* settings);

// Hold keeps the gate high.
void PanelHold(bool on);
bool PanelIsHeld();

// Revision of the board, 0 for a bare Seed, whose buttons are open pins. Once every multiplexer position has been read.
std::uint8_t FindBoard();

// Which jacks have a cable, and what to put on the contacts of the others.
Normalling& PanelNormalling();

}  // namespace lottava::seed
