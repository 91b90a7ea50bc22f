// SPDX-License-Identifier: MIT
// Pots 0-7 are on multiplexer A, 8-11 on the first inputs of B.
#include "panel.h"

#include "adc.h"
#include "app/board_id.h"
#include "app/held_knobs.h"
#include "gates.h"
#include "generated/board.h"
#include "gpio.h"
#include "system.h"

namespace lottava::seed {
namespace {

Normalling normalling_;
Buttons buttons_;
HeldKnobs knobs_;
bool hold_asked_;  // on for off or off for on
volatile bool held_;
std::uint8_t board_;

void TakeGate(LottavaInputs* inputs) {
  const GateReading gate = ReadGate();
  inputs->gate = gate.high;
  inputs->gate_edge = gate.edge;
  inputs->gate_offset = gate.sample;
}

void ReadButtons(LottavaInputs* inputs) {
  if (buttons_.Process(MuxCode(1, kMuxBButtons)) == ButtonEvent::kHold) hold_asked_ = !hold_asked_;
  if (knobs_.Process(buttons_.down() == Button::kPrevious, inputs)) buttons_.Spoil();
  if (held_) inputs->gate = 1;
}

}  // namespace

void PanelInit() {
  normalling_.Init();
  buttons_.Init();
  knobs_.Init();
  Write(pin::kProbe, false);
  Configure(pin::kProbe, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
}

void ReadPanel(LottavaInputs* inputs) {
  for (unsigned i = 0; i < LOTTAVA_CVS; ++i) inputs->cv_codes[i] = CvCodes()[i];
  for (unsigned i = 0; i < LOTTAVA_POTS; ++i) inputs->pot_codes[i] = MuxCode(i / kMuxPositions, i % kMuxPositions);
  TakeGate(inputs);
  const bool froze = TakeEdges(GateInput::kFreeze) != 0;
  inputs->freeze = froze || FreezeIsHigh();  // a pulse freezes for a block at least
  normalling_.Process(inputs);
  if (board_ != 0) ReadButtons(inputs);
  Write(pin::kProbe, normalling_.level());
}

void ReadGateOnly(LottavaInputs* inputs) {
  TakeGate(inputs);
  if (inputs->gate_patched == 0) inputs->gate = inputs->gate_edge = 0;
  if (held_) inputs->gate = 1;
}

bool PanelChange(SettingsImage* settings) {
  const InterruptLock lock;
  const bool turned = knobs_.Take(settings), asked = hold_asked_;
  hold_asked_ = false;
  if (asked) settings->hold = settings->hold == 0;
  return turned || asked;
}

void PanelHold(bool on) { held_ = on; }

bool PanelIsHeld() { return held_; }

std::uint8_t FindBoard() { return board_ = BoardRevision(MuxCode(1, kMuxBBoardId), MuxCode(1, kMuxBButtons)); }

Normalling& PanelNormalling() { return normalling_; }

}  // namespace lottava::seed
