// SPDX-License-Identifier: MIT
// Which jacks have a cable: a probe goes to the switch contacts, and what doesn't follow it comes from outside.
//
//   Process(inputs)     what was read while the probe was at level(): judged, and filled in where no cable is
//   `-> level()         the probe's level from now until the next block
//
// High is 2.5 V at the contacts of CV jacks and a high level at those of gates; low is 0 V (instrument.md 2).
#ifndef LOTTAVA_APP_NORMALLING_H_
#define LOTTAVA_APP_NORMALLING_H_

#include <cstdint>

#include "app/io.h"

namespace lottava {

// Random tells cables; the others hold the contacts still for a measurement: nothing is judged then. What has no cable
// is filled in all the same, so that a measurement is not heard.
enum class Probe : uint8_t { kRandom, kLow, kHigh };

class Normalling {
 public:
  // Until 50 blocks have passed every jack counts as patched.
  void Init();

  // Once a block, as soon as it has been read. A CV without cable keeps the code of 0 V, a gate is low and has no edge.
  void Process(LottavaInputs* inputs);

  bool level() const { return level_; }
  void Set(Probe probe) { probe_ = probe; }
  // High for longer than the multiplexers take to come round: what they read of the reference is good.
  bool reads_reference() const { return level_ && high_blocks_ >= 5; }
  bool held() const { return probe_ != Probe::kRandom; }

  bool known() const { return blocks_ >= kKnownBlocks; }
  bool patched(unsigned jack) const { return (unpatched_ >> jack & 1) == 0; }

  // Bit per jack in the order of Board.jacks; only those that have a probe are ever 1.
  uint32_t patched() const { return kProbed & ~unpatched_; }

  static constexpr unsigned kGate = LOTTAVA_CVS + LOTTAVA_DACS, kFreeze = kGate + 1;
  static constexpr uint32_t kProbed = ((1u << LOTTAVA_CVS) - 1) | 1u << kGate | 1u << kFreeze;
  static constexpr unsigned kKnownBlocks = 50;

 private:
  void Judge(unsigned jack, bool follows);
  void Step();

  Probe probe_;
  bool level_;
  uint8_t high_blocks_;         // for which the probe has been high
  uint8_t noise_;               // shift register
  uint8_t sure_[kFreeze + 1];   // that a jack follows the probe
  uint8_t blocks_;
  uint32_t unpatched_;
  uint16_t filled_[LOTTAVA_CVS];  // code of 0 V at the contact
};

}  // namespace lottava

#endif  // LOTTAVA_APP_NORMALLING_H_
