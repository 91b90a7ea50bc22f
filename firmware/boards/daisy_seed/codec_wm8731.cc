// SPDX-License-Identifier: MIT
// WM8731 on a Seed 1.1 (its data sheet: register map, power-up sequence): 9-bit values into 7-bit registers.
#include "codec.h"
#include "i2c.h"

namespace lottava::seed {
namespace {

constexpr std::uint8_t kAddress = 0x1A;  // CSB is tied low

struct Setting {
  std::uint8_t number;
  std::uint16_t value;
};

constexpr std::uint16_t kLineZeroDb = 0x17, kMuted = 0;
constexpr std::uint16_t kDacSelected = 1u << 4, kMicrophoneMuted = 1u << 1;
constexpr std::uint16_t kLeftJustified = 1, k24Bits = 2u << 2;  // the codec is the slave
constexpr std::uint16_t kMicrophoneOff = 1u << 1, kOutputsOff = 1u << 4, kOscillatorOff = 1u << 5, kClockOutOff = 1u << 6;
constexpr std::uint16_t kPowered = kMicrophoneOff | kOscillatorOff | kClockOutOff;

// Everything else first, then Active, and the outputs last: so they come up without noise.
constexpr Setting kSettings[] = {
    {15, 0},  // reset
    {6, kPowered | kOutputsOff},
    {0, kLineZeroDb},
    {1, kLineZeroDb},
    {2, kMuted},  // the headphone outputs are not connected
    {3, kMuted},
    {4, kDacSelected | kMicrophoneMuted},
    {5, 0},  // high-pass on, de-emphasis and mute off
    {7, kLeftJustified | k24Bits},
    {8, 0},  // 256 master clocks a sample, 48 kHz both ways
    {9, 1},  // active
    {6, kPowered},
};

}  // namespace

bool Wm8731Start() {
  I2cInit();
  for (const Setting& setting : kSettings) {
    const std::uint8_t bytes[] = {static_cast<std::uint8_t>(setting.number << 1 | setting.value >> 8),
                                  static_cast<std::uint8_t>(setting.value)};
    if (!I2cWrite(kAddress, bytes, sizeof bytes)) return false;
  }
  return true;
}

}  // namespace lottava::seed
