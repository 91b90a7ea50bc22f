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

}  // namespace

void PanelInit() {
  normalling_.Init();
  Write(pin::kProbe, false);
  Configure(pin::kProbe, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
}

void ReadPanel(LottavaInputs* inputs) {
  for (unsigned i = 0; i < LOTTAVA_CVS; ++i) inputs->cv_codes[i] = CvCodes()[i];
  for (unsigned i = 0; i < LOTTAVA_POTS; ++i) inputs->pot_codes[i] = MuxCode(i / kMuxPositions, i % kMuxPositions);
  inputs->gate = GateIsHigh();
  inputs->gate_edge = TakeGateEdge();
  inputs->freeze = FreezeIsHigh();
  normalling_.Process(inputs);
  Write(pin::kProbe, normalling_.level());
}

std::uint8_t PanelBoardRevision() { return BoardRevision(MuxCode(1, kMuxBBoardId), MuxCode(1, kMuxBButtons)); }

Normalling& PanelNormalling() { return normalling_; }

}  // namespace lottava::seed
