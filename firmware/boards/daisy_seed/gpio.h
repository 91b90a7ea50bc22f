// SPDX-License-Identifier: MIT
// Pins by port and number, and the Seed's header numbers for those this board uses.
#pragma once
#include <cstdint>

namespace lottava::seed {

struct Pin {
  std::uint8_t port;  // 0 = A
  std::uint8_t number;
};

enum class PinMode : std::uint32_t { kInput = 0, kOutput = 1, kAlternate = 2, kAnalog = 3 };
enum class Pull : std::uint32_t { kNone = 0, kUp = 1, kDown = 2 };
enum class Speed : std::uint32_t { kLow = 0, kMedium = 1, kHigh = 2, kVeryHigh = 3 };

struct PinConfig {
  PinMode mode = PinMode::kInput;
  Pull pull = Pull::kNone;
  Speed speed = Speed::kLow;
  std::uint32_t alternate = 0;
};

namespace pin {
constexpr std::uint8_t A = 0, B = 1, C = 2, D = 3, E = 4, F = 5, G = 6, H = 7, I = 8;
constexpr Pin kGateOut{C, 11};                              // D1
constexpr Pin kProbe{C, 10};                                // D2
constexpr Pin kMuxAddress[3] = {{C, 9}, {C, 8}, {D, 2}};    // D3, D4, D5
constexpr Pin kLedLatch{C, 12}, kLedClock{G, 11};            // D6, D8
constexpr Pin kLedBrightness{B, 4}, kLedData{B, 5};         // D9, D10
constexpr Pin kUsartTx{B, 6}, kUsartRx{B, 7};               // D13, D14
constexpr Pin kGate{D, 11}, kFreeze{G, 9};                  // D26, D27
constexpr Pin kDac1{A, 4}, kDac2{A, 5};                     // D23, D22
constexpr Pin kLed{C, 7};
constexpr Pin kUsbMinus{A, 11}, kUsbPlus{A, 12};            // the Seed's own socket
constexpr Pin kPanelUsbMinus{B, 14}, kPanelUsbPlus{B, 15};  // D29, D30
constexpr Pin kPanelVbus{B, 12};                            // D0
constexpr Pin kOutputMute{G, 10};                           // D7, high mutes
constexpr Pin kCodecReset{B, 11}, kCodecDeemphasis{B, 11};  // one pin, see codec.cc
constexpr Pin kCodecClock{H, 4}, kCodecData{B, 11};
constexpr Pin kStrap1_1{D, 3}, kStrap2Dfm{D, 4};
}  // namespace pin

void Configure(Pin pin, const PinConfig& config);
void ConfigureOpenDrain(Pin pin);
bool Read(Pin pin);
void Write(Pin pin, bool high);

}  // namespace lottava::seed
