// SPDX-License-Identifier: MIT
// General-purpose pins (RM0433 11).
#include "gpio.h"

#include "registers.h"
#include "startup.h"

namespace lottava::seed {
namespace {

constexpr Address Port(Pin pin) { return kGpio + 0x400u * pin.port; }

}  // namespace

void Configure(Pin pin, const PinConfig& config) {
  const Address port = Port(pin);
  const unsigned pair = 2u * pin.number, nibble = 4u * (pin.number & 7u);
  EnableClock(kRccAhb4Enable, Bit(pin.port));
  Modify(port + 0x08, 3u << pair, static_cast<std::uint32_t>(config.speed) << pair);
  Modify(port + 0x0C, 3u << pair, static_cast<std::uint32_t>(config.pull) << pair);
  Modify(port + 0x20 + 4u * (pin.number / 8u), 15u << nibble, config.alternate << nibble);
  Modify(port, 3u << pair, static_cast<std::uint32_t>(config.mode) << pair);
}

void ConfigureOpenDrain(Pin pin) {
  EnableClock(kRccAhb4Enable, Bit(pin.port));
  SetBits(Port(pin) + 0x04, Bit(pin.number));
}

bool Read(Pin pin) { return (Reg(Port(pin) + 0x10) >> pin.number & 1) != 0; }

LOTTAVA_FLASH void Write(Pin pin, bool high) { Reg(Port(pin) + 0x18) = Bit(pin.number + (high ? 0u : 16u)); }

}  // namespace lottava::seed
