// SPDX-License-Identifier: MIT
// Pots 0-7 are on multiplexer A, 8-11 on the first inputs of B.
#include "panel.h"

#include "adc.h"
#include "app/board_id.h"
#include "gates.h"
#include "generated/board.h"
#include "gpio.h"

namespace lottava::seed {
namespace {

Normalling normalling_;
Buttons buttons_;
volatile ButtonEvent event_;
bool held_;
std::uint8_t board_;

void TakeGate(LottavaInputs* inputs) {
  const GateReading gate = ReadGate();
  inputs->gate = gate.high;
  inputs->gate_edge = gate.edge;
  inputs->gate_offset = gate.sample;
}

void ReadButtons(LottavaInputs* inputs) {
  const ButtonEvent event = buttons_.Process(MuxCode(1, kMuxBButtons));
  if (event != ButtonEvent::kNone) event_ = event;
  if (event == ButtonEvent::kHold) held_ = !held_;
  if (held_) inputs->gate = 1;
}

}  // namespace

void PanelInit() {
  normalling_.Init();
  buttons_.Init();
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

// Nobody presses twice within the few cycles between reading and clearing.
ButtonEvent TakeButtonEvent() {
  const ButtonEvent event = event_;
  if (event != ButtonEvent::kNone) event_ = ButtonEvent::kNone;
  return event;
}

bool PanelIsHeld() { return held_; }

std::uint8_t FindBoard() { return board_ = BoardRevision(MuxCode(1, kMuxBBoardId), MuxCode(1, kMuxBButtons)); }

Normalling& PanelNormalling() { return normalling_; }

}  // namespace lottava::seed
