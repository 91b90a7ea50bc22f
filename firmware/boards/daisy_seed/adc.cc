// SPDX-License-Identifier: MIT
// ADC1 scans nine channels without end into a circular DMA buffer (RM0433 25, 15).
//
// The multiplexers come last in the scan. Their address changes in the interrupt at the end of a scan and
// so has seven conversions (0.3 ms) to settle before they are read again.
//
// The processor works and rests once a block, and 3V3_A follows it a little. A CV is the mean of the last five scans:
// 5 * 9 * 17 * 16 = 12 240 converter clocks of the 12 288 that two blocks last, as both come from PLL3. So what repeats
// with the blocks is 45 dB down, its second and third harmonic 36 and 32 dB. A step of the voltage starts the mean anew.
#include "adc.h"

#include "clock.h"
#include "dma.h"
#include "gpio.h"

namespace lottava::seed {
namespace {

struct Input {
  std::uint8_t channel;
  Pin pin;
};

// D15, D16, D17, D18, D19, D20, D21, then multiplexer A (D24) and B (D25).
constexpr Input kInputs[] = {
    {10, {pin::C, 0}}, {15, {pin::A, 3}}, {5, {pin::B, 1}},  {7, {pin::A, 7}},  {3, {pin::A, 6}},
    {11, {pin::C, 1}}, {4, {pin::C, 4}},  {17, {pin::A, 1}}, {16, {pin::A, 0}},
};
constexpr unsigned kInputCount = sizeof kInputs / sizeof kInputs[0];
static_assert(kInputCount == kCvCount + kMuxCount, "one channel an input");

constexpr unsigned kIrqDma1Stream2 = 13, kPriority = 1;
constexpr Address kControl = kAdc1 + 0x08;

__attribute__((section(".dma"), aligned(32))) volatile std::uint16_t scan_[kInputCount];
std::uint16_t mux_codes_[kMuxCount][kMuxPositions];
unsigned position_;
volatile std::uint32_t scans_;

constexpr unsigned kMeanScans = 5;
constexpr std::int32_t kStep = 96;  // 4.8 mV at the converter, 16 mV at V/OCT: 16 times the noise
volatile std::uint16_t cv_codes_[kCvCount];
std::uint16_t history_[kMeanScans][kCvCount];
std::uint32_t sums_[kCvCount];
unsigned oldest_;

// Leaves deep power-down and calibrates offset and linearity (RM0433 25.4.6, 25.4.8).
void PowerUpAndCalibrate() {
  EnableClock(kRccAhb1Enable, Bit(5));
  Reg(kControl) = 0;
  Reg(kControl) = Bit(28);
  DelayMicroseconds(20);
  Reg(kAdcCommon + 0x08) = Bit(18);  // /2; revision V silicon halves it again: 6.15 MHz
  SetBits(kControl, Bit(16) | Bit(31));
  while ((Reg(kControl) & Bit(31)) != 0) {
  }
}

// 8.5 cycles of sampling, 16 bits, 16 times oversampled: (8.5 + 8.5) * 16 / 6.15 MHz = 44 us a channel.
void ConfigureSequence() {
  std::uint32_t sequence[4] = {kInputCount - 1, 0, 0, 0}, sampling[2] = {0, 0}, preselect = 0;
  for (unsigned i = 0; i < kInputCount; ++i) {
    const std::uint32_t channel = kInputs[i].channel;
    Configure(kInputs[i].pin, {PinMode::kAnalog, Pull::kNone, Speed::kLow, 0});
    sequence[(i + 1) / 5] |= channel << 6 * ((i + 1) % 5);
    sampling[channel / 10] |= 2u << 3 * (channel % 10);
    preselect |= Bit(channel);
  }
  Reg(kAdc1 + 0x0C) = Bit(13) | 3u;                 // continuous, circular DMA
  Reg(kAdc1 + 0x10) = 15u << 16 | 4u << 5 | Bit(0);  // 16 conversions, >> 4
  Reg(kAdc1 + 0x14) = sampling[0];
  Reg(kAdc1 + 0x18) = sampling[1];
  Reg(kAdc1 + 0x1C) = preselect;
  for (unsigned i = 0; i < 4; ++i) Reg(kAdc1 + 0x30 + 4 * i) = sequence[i];
}

void SelectMux(unsigned position) {
  for (unsigned bit = 0; bit < 3; ++bit) Write(pin::kMuxAddress[bit], (position >> bit & 1) != 0);
}

}  // namespace

void AdcStart() {
  for (const Pin pin : pin::kMuxAddress) Configure(pin, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  SelectMux(0);
  PowerUpAndCalibrate();
  ConfigureSequence();
  DmaStart(DmaStream::kAdc,
           {9, kAdc1 + 0x40, scan_, kInputCount, kDmaHalfWords | kDmaCompleteInterrupt});
  EnableInterrupt(kIrqDma1Stream2, kPriority);
  Reg(kAdc1) = Bit(0);
  SetBits(kControl, Bit(0));
  WaitUntilSet(kAdc1, Bit(0));
  SetBits(kControl, Bit(2));
}

const volatile std::uint16_t* CvCodes() { return cv_codes_; }

std::uint16_t MuxCode(unsigned mux, unsigned position) { return mux_codes_[mux][position]; }

std::uint32_t AdcScans() { return scans_; }

static void TakeCv(unsigned cv, std::uint16_t code) {
  const std::int32_t moved = code - cv_codes_[cv];
  if (moved > kStep || moved < -kStep) {
    for (auto& scan : history_) scan[cv] = code;
    sums_[cv] = kMeanScans * code;
  } else {
    sums_[cv] += code;
    sums_[cv] -= history_[oldest_][cv];
    history_[oldest_][cv] = code;
  }
  cv_codes_[cv] = static_cast<std::uint16_t>((sums_[cv] + kMeanScans / 2) / kMeanScans);
}

// Called at the end of each scan, above the audio in priority: it is short and must not be late.
static void StoreAndStep() {
  for (unsigned cv = 0; cv < kCvCount; ++cv) TakeCv(cv, scan_[cv]);
  oldest_ = (oldest_ + 1) % kMeanScans;
  for (unsigned mux = 0; mux < kMuxCount; ++mux) mux_codes_[mux][position_] = scan_[kCvCount + mux];
  position_ = (position_ + 1) % kMuxPositions;
  SelectMux(position_);
  scans_ = scans_ + 1;
}

}  // namespace lottava::seed

extern "C" void DMA1_Stream2_IRQHandler() {
  lottava::seed::DmaTakeFlags(lottava::seed::DmaStream::kAdc);
  lottava::seed::StoreAndStep();
}
