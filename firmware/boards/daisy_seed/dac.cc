// SPDX-License-Identifier: MIT
// DAC1, both channels buffered (RM0433 26). TIM6 (41) triggers them at 240 MHz / 1250 = 192 kHz, and DMA1 brings the
// next codes of both from a pattern of 16 that it goes round without end: what repeats does so at 12 kHz or above, where
// the output's 1.6 kHz pole leaves a 20th of a code.
#include "dac.h"

#include "dma.h"
#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr unsigned kLength = 16;
constexpr std::uint32_t kChannel = 5u << 2 | Bit(1);  // triggered by TIM6
constexpr std::uint32_t kControl = kChannel << 16 | Bit(12) | kChannel;

__attribute__((section(".dma"), aligned(32))) volatile std::uint32_t pattern_[kLength];

}  // namespace

void DacInit() {
  constexpr PinConfig kAnalogue{PinMode::kAnalog, Pull::kNone, Speed::kLow, 0};
  Configure(pin::kDac1, kAnalogue);
  Configure(pin::kDac2, kAnalogue);
  DacWrite(0, 0);
  EnableClock(kRccApb1LowEnable, Bit(29) | Bit(4));
  DmaStart(DmaStream::kDac, {67, kDac1 + 0x20, pattern_, kLength, kDmaWords | kDmaToPeripheral | kDmaPriorityHigh});
  Reg(kDac1 + 0x3C) = 0;
  Reg(kDac1) = kControl;
  Reg(kDac1) = kControl | Bit(16) | Bit(0);
  Reg(kTim6 + 0x04) = 2u << 4;  // an update triggers
  Reg(kTim6 + 0x2C) = 1249;
  Reg(kTim6) = Bit(0);
}

// First-order sigma-delta of both halves at once: what the shift drops goes into the next code, and after 16 nothing is
// left. The DMA may read at any time: a word is old or new as a whole, and the same values give the same words.
void DacWrite(std::uint16_t pitch, std::uint16_t envelope) {
  const std::uint32_t wanted = static_cast<std::uint32_t>(pitch) << 16 | envelope;
  std::uint32_t sum = 0;
  for (auto& codes : pattern_) {
    sum = (sum & 0x000F000Fu) + wanted;
    codes = sum >> 4 & 0x0FFF0FFFu;
  }
}

}  // namespace lottava::seed
