// SPDX-License-Identifier: MIT
// DAC1, both channels buffered and untriggered (RM0433 26).
#include "dac.h"

#include "gpio.h"
#include "registers.h"

namespace lottava::seed {

void DacInit() {
  constexpr PinConfig kAnalogue{PinMode::kAnalog, Pull::kNone, Speed::kLow, 0};
  Configure(pin::kDac1, kAnalogue);
  Configure(pin::kDac2, kAnalogue);
  EnableClock(kRccApb1LowEnable, Bit(29));
  Reg(kDac1 + 0x3C) = 0;
  Reg(kDac1) = Bit(16) | Bit(0);
}

void DacWrite(unsigned channel, std::uint16_t code) { Reg(kDac1 + (channel == 0 ? 0x14u : 0x08u)) = code & 0xFFFu; }

}  // namespace lottava::seed
