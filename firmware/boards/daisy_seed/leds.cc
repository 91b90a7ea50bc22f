// SPDX-License-Identifier: MIT
// SPI1 sends 16 bits (RM0433 50), a pulse at the latch shows them, TIM3 dims by the chips' output enable (RM0433 39).
#include "leds.h"

#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kControl1 = kSpi1, kControl2 = kSpi1 + 0x04, kConfig1 = kSpi1 + 0x08, kConfig2 = kSpi1 + 0x0C,
                  kStatus = kSpi1 + 0x14, kClearFlags = kSpi1 + 0x18, kTransmit = kSpi1 + 0x20;
constexpr Address kCompare1 = kTim3 + 0x34;
constexpr std::uint32_t kEnable = Bit(0), kStart = Bit(9), kEnd = Bit(3), kFilled = Bit(4);

LedFrame shown_;

void Send(std::uint16_t bits) {
  Reg(kControl2) = 1;
  SetBits(kControl1, kEnable);
  *reinterpret_cast<volatile std::uint16_t*>(kTransmit) = bits;  // a word would be two frames of 16 bits
  SetBits(kControl1, kStart);
  WaitUntilSet(kStatus, kEnd);
  Reg(kClearFlags) = kEnd | kFilled;
  Modify(kControl1, kEnable, 0);
  Write(pin::kLedLatch, true);
  Write(pin::kLedLatch, false);
}

// 240 MHz / 4 / 255: 235 kHz, far above what the audio could pick up. The chips' output enable is active low.
void StartDimmer() {
  EnableClock(kRccApb1LowEnable, Bit(1));
  Reg(kTim3 + 0x28) = 3;
  Reg(kTim3 + 0x2C) = 254;
  Reg(kTim3 + 0x18) = 6u << 4 | Bit(3);  // PWM mode 1, preloaded
  Reg(kCompare1) = 0;
  Reg(kTim3 + 0x20) = Bit(1) | Bit(0);  // inverted, on
  Reg(kTim3 + 0x14) = Bit(0);
  Reg(kTim3) = Bit(7) | Bit(0);
  Configure(pin::kLedBrightness, {PinMode::kAlternate, Pull::kNone, Speed::kLow, 2});
}

}  // namespace

void LedsInit() {
  constexpr PinConfig kOutput{PinMode::kOutput, Pull::kNone, Speed::kLow, 0};
  constexpr PinConfig kSerial{PinMode::kAlternate, Pull::kNone, Speed::kLow, 5};
  StartDimmer();
  Configure(pin::kLed, kOutput);
  Configure(pin::kLedLatch, kOutput);
  EnableClock(kRccApb2Enable, Bit(12));
  Reg(kControl1) = Bit(12);                                // slave select inside, high
  Reg(kConfig1) = 5u << 28 | 15u;                          // 192 MHz / 64 = 3 MHz, 16 bits
  Reg(kConfig2) = Bit(31) | Bit(26) | Bit(22) | 1u << 17;  // pins kept, master, transmit only
  Configure(pin::kLedClock, kSerial);
  Configure(pin::kLedData, kSerial);
  Send(0);
}

void LedsShow(const LedFrame& frame) {
  if (frame.lit != shown_.lit) Send(frame.lit);
  if (frame.brightness != shown_.brightness) Reg(kCompare1) = frame.brightness;
  if (frame.onboard != shown_.onboard) Write(pin::kLed, frame.onboard);
  shown_ = frame;
}

}  // namespace lottava::seed
