// SPDX-License-Identifier: MIT
// The probe is a 7-bit shift register's noise, a bit a block: never longer than 7 blocks at one level.
#include "app/normalling.h"

#include "generated/board.h"

namespace lottava {

namespace {

constexpr float kContactVolts = 2.5f;
constexpr float kToleranceVolts = 0.5f;  // a record allows 0.3 V and 5 % (hardware.md 6), 1 kOhm and settling take the rest
constexpr uint8_t kSure = 24;            // blocks that agree make a jack unpatched; three that don't, patched again
constexpr uint8_t kDoubt = 8;

struct Contact {
  int32_t low, high, tolerance;  // codes; the stages invert
};

constexpr int32_t Codes(unsigned cv, float volts) {
  return static_cast<int32_t>(volts * kAdcFullScale / kInputNominalGain[cv]);
}

constexpr Contact MakeContact(unsigned cv) {
  const int32_t low = static_cast<int32_t>(kInputZeroFraction[cv] * kAdcFullScale);
  return {low, low + Codes(cv, kContactVolts), Codes(cv, -kToleranceVolts)};
}

constexpr Contact kContacts[LOTTAVA_CVS] = {MakeContact(0), MakeContact(1), MakeContact(2), MakeContact(3),
                                            MakeContact(4), MakeContact(5), MakeContact(6)};

bool IsNear(int32_t code, int32_t expected, int32_t tolerance) {
  return code - expected < tolerance && expected - code < tolerance;
}

}  // namespace

void Normalling::Init() {
  *this = Normalling();
  noise_ = 1;
  for (unsigned cv = 0; cv < LOTTAVA_CVS; ++cv) filled_[cv] = static_cast<uint16_t>(kContacts[cv].low);
}

void Normalling::Judge(unsigned jack, bool follows) {
  uint8_t& sure = sure_[jack];
  if (follows) {
    sure = static_cast<uint8_t>(sure < kSure ? sure + 1 : kSure);
  } else {
    sure = static_cast<uint8_t>(sure > kDoubt ? sure - kDoubt : 0);
  }
  if (sure == kSure) unpatched_ |= 1u << jack;
  if (sure == 0) unpatched_ &= ~(1u << jack);
}

// x^7 + x^6 + 1.
void Normalling::Step() {
  high_blocks_ = static_cast<uint8_t>(!level_ ? 0 : high_blocks_ < 255 ? high_blocks_ + 1 : 255);
  noise_ = static_cast<uint8_t>((noise_ << 1 | ((noise_ >> 6 ^ noise_ >> 5) & 1)) & 127);
  level_ = probe_ == Probe::kRandom ? (noise_ & 1) != 0 : probe_ == Probe::kHigh;
}

void Normalling::Process(LottavaInputs* inputs) {
  const bool held = probe_ != Probe::kRandom;
  for (unsigned cv = 0; cv < LOTTAVA_CVS; ++cv) {
    uint16_t& code = inputs->cv_codes[cv];
    const Contact& contact = kContacts[cv];
    const bool follows = IsNear(code, level_ ? contact.high : contact.low, contact.tolerance);
    if (!held) Judge(cv, follows);
    if (follows && !level_) filled_[cv] = code;
    if (!patched(cv)) code = filled_[cv];
  }
  if (!held) {
    Judge(kGate, (inputs->gate != 0) == level_);
    Judge(kFreeze, (inputs->freeze != 0) == level_);
    if (blocks_ < kKnownBlocks) ++blocks_;
  }
  inputs->gate_patched = patched(kGate);
  if (!patched(kGate)) inputs->gate = inputs->gate_edge = 0;
  if (!patched(kFreeze)) inputs->freeze = 0;
  Step();
}

}  // namespace lottava
