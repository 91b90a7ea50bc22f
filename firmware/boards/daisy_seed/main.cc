// SPDX-License-Identifier: MIT
// The module on a Daisy Seed: wires the chip to the instrument. The audio interrupt plays; the main loop does the rest.
#include "app/builtin.h"
#include "app/module.h"
#include "boards/daisy_seed/adc.h"
#include "boards/daisy_seed/audio.h"
#include "boards/daisy_seed/clock.h"
#include "boards/daisy_seed/dac.h"
#include "boards/daisy_seed/gates.h"
#include "boards/daisy_seed/gpio.h"
#include "boards/daisy_seed/memory.h"
#include "boards/daisy_seed/qspi.h"
#include "boards/daisy_seed/usart.h"

namespace {

using namespace lottava::seed;

static_assert(kBlockSize == LOTTAVA_BLOCK_SAMPLES && kCvCount == LOTTAVA_CVS, "board and instrument agree");

// 128 KB of DTCM hold the stack (8), these weights (96) and everything else.
alignas(32) std::uint8_t weights_[96 * 1024];
lottava::Module module_;
LottavaInputs inputs_;
LottavaOutputs outputs_;
Qspi qspi_;

// Pots 0-7 are on multiplexer A, 8-11 on the first inputs of B.
void ReadPanel(LottavaInputs* inputs) {
  for (unsigned i = 0; i < LOTTAVA_CVS; ++i) inputs->cv_codes[i] = CvCodes()[i];
  for (unsigned i = 0; i < LOTTAVA_POTS; ++i) inputs->pot_codes[i] = MuxCode(i / kMuxPositions, i % kMuxPositions);
  inputs->gate = GateIsHigh();
  inputs->gate_edge = TakeGateEdge();
  inputs->gate_patched = 1;  // until the normalling probe tells
  inputs->freeze = FreezeIsHigh();
}

__attribute__((section(".itcm.main"))) void OnBlock(const Frame*, Frame* out) {
  ReadPanel(&inputs_);
  module_.Process(inputs_, &outputs_);
  for (unsigned i = 0; i < kBlockSize; ++i) {
    out[i][0] = outputs_.audio[i][0];
    out[i][1] = outputs_.audio[i][1];
  }
  for (unsigned i = 0; i < LOTTAVA_DACS; ++i) DacWrite(i, outputs_.dac_codes[i]);
  Write(pin::kGateOut, outputs_.gate_out != 0);
}

void StartChip() {
  ClockInit();
  MemoryInit();
  qspi_.Init();
  Configure(pin::kGateOut, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  GatesInit();
  UsartInit();
  DacInit();
  AdcStart();
}

void StartInstrument() {
  module_.Init();
  std::size_t length = 0;
  const void* voice = lottava_builtin_voice(&length);
  module_.LoadVoice(voice, length, weights_, sizeof weights_);
  while (AdcScans() < kMuxPositions) {  // the first block sees every knob
  }
}

}  // namespace

int main() {
  StartChip();
  StartInstrument();
  AudioStart(OnBlock);
  for (;;) {
    __asm volatile("wfi");
  }
}
