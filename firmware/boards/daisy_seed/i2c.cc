// SPDX-License-Identifier: MIT
// I2C2 on PH4 and PB11 at 100 kHz, polled (RM0433 47).
#include "i2c.h"

#include "clock.h"
#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kControl = kI2c2, kTransfer = kI2c2 + 0x04, kTiming = kI2c2 + 0x10, kStatus = kI2c2 + 0x18,
                  kClear = kI2c2 + 0x1C, kTransmitData = kI2c2 + 0x28;
constexpr std::uint32_t kWantsByte = Bit(1), kRefused = Bit(4), kStopped = Bit(5);
constexpr std::uint32_t kStart = Bit(13), kStopAtEnd = Bit(25);
constexpr std::uint32_t kPatienceMicroseconds = 1000;  // eleven bytes' time

// Units of 15 / 120 MHz = 125 ns: data set up 1.25 us, held 0.5 us, clock high 4 us, low 5 us (standard mode).
constexpr std::uint32_t kStandardMode = 14u << 28 | 9u << 20 | 4u << 16 | 31u << 8 | 39u;
static_assert(kApbHz == 120'000'000, "the kernel clock of I2C2 after reset is that of its bus");

bool WaitFor(std::uint32_t flag) {
  for (std::uint32_t i = 0; i < kPatienceMicroseconds; ++i) {
    const std::uint32_t status = Reg(kStatus);
    if ((status & flag) != 0) return true;
    if ((status & kRefused) != 0) return false;
    DelayMicroseconds(1);
  }
  return false;
}

bool Send(const std::uint8_t* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (!WaitFor(kWantsByte)) return false;
    Reg(kTransmitData) = bytes[i];
  }
  return WaitFor(kStopped);
}

}  // namespace

void I2cInit() {
  constexpr Pin kPins[] = {pin::kCodecClock, pin::kCodecData};
  for (const Pin pin : kPins) {
    ConfigureOpenDrain(pin);
    Configure(pin, {PinMode::kAlternate, Pull::kUp, Speed::kLow, 4});
  }
  EnableClock(kRccApb1LowEnable, Bit(22));
  Reg(kControl) = 0;  // also lets go of a transfer that hangs
  Reg(kTiming) = kStandardMode;
  Reg(kControl) = Bit(0);
}

bool I2cWrite(std::uint8_t address, const std::uint8_t* bytes, std::size_t size) {
  Reg(kTransfer) = kStopAtEnd | static_cast<std::uint32_t>(size) << 16 | kStart | static_cast<std::uint32_t>(address) << 1;
  const bool sent = Send(bytes, size);
  Reg(kClear) = kRefused | kStopped;
  return sent;
}

}  // namespace lottava::seed
