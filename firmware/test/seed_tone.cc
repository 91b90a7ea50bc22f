// SPDX-License-Identifier: MIT
// A small image that exercises the board without the instrument: a saw tone whose step is the V/OCT code, gated by
// GATE; each console byte comes back plus one; 'w' writes the byte after it to the QSPI's first sector, 'r' reads it.
#include "boards/daisy_seed/adc.h"
#include "boards/daisy_seed/audio.h"
#include "boards/daisy_seed/clock.h"
#include "boards/daisy_seed/dac.h"
#include "boards/daisy_seed/gates.h"
#include "boards/daisy_seed/gpio.h"
#include "boards/daisy_seed/memory.h"
#include "boards/daisy_seed/qspi.h"
#include "boards/daisy_seed/revision.h"
#include "boards/daisy_seed/sdram.h"
#include "boards/daisy_seed/startup.h"
#include "boards/daisy_seed/usart.h"

namespace {

using namespace lottava::seed;

Qspi qspi_;
std::uint8_t stored_;
std::int32_t phase_;
std::uint32_t edges_;
float level_;

void OnBlock(const Frame*, Frame* out) {
  if (TakeEdges(GateInput::kGate) != 0) edges_ += 1;
  const bool gate = GateIsHigh();
  level_ = level_ * 0.5f + (gate ? 0.5f : 0.0f);  // keeps the FPU context alive in an interrupt
  for (unsigned i = 0; i < kBlockSize; ++i) {
    phase_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(phase_) + (static_cast<std::uint32_t>(CvCodes()[0]) << 8));
    out[i][0] = gate ? phase_ >> 9 : 0;
    out[i][1] = static_cast<std::int32_t>(MuxCode(0, 3)) | static_cast<std::int32_t>(edges_ << 16);
  }
  Write(pin::kGateOut, gate);
  DacWrite(CvCodes()[0] & 0xFFF0u, MuxCode(1, 7) & 0xFFF0u);
}

int WaitByte() {
  int byte = UsartRead();
  while (byte < 0) byte = UsartRead();
  return byte;
}

void Answer(int byte) {
  if (byte == 'w') {
    stored_ = static_cast<std::uint8_t>(WaitByte());
    qspi_.Write(0, &stored_, 1);
    while (qspi_.busy()) {
      qspi_.Poll();
      __asm volatile("wfi");
    }
  } else if (byte == 'r') {
    std::uint8_t value = 0;
    qspi_.Read(0, &value, 1);
    byte = value;
  } else {
    byte += 1;
  }
  while (!UsartWrite(static_cast<std::uint8_t>(byte))) {
  }
}

}  // namespace

LOTTAVA_FLASH void PrepareChip() { ClockInit(); }

int main() {
  SdramInit();
  MemoryInit();
  qspi_.Init();
  Configure(pin::kGateOut, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  GatesInit();
  UsartInit();
  DacInit();
  AdcStart();
  AudioStart(ReadRevision(), OnBlock);
  for (;;) {
    for (int byte = UsartRead(); byte >= 0; byte = UsartRead()) Answer(byte);
    __asm volatile("wfi");
  }
}
