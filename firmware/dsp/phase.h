// SPDX-License-Identifier: MIT
// A wrapped 32-bit phase whose increment ramps over a control hop, in integers: no drift, no rounding.
#ifndef LOTTAVA_DSP_PHASE_H_
#define LOTTAVA_DSP_PHASE_H_

#include <cstdint>

#include "generated/dsp_tables.h"

namespace lottava {

template <int32_t hop_samples>
class RampedPhase {
 public:
  void Init() { *this = RampedPhase(); }

  // Ramp to `target`, reached after a hop; a ramp cut short goes on from where it stands.
  void SetTarget(uint32_t target, bool finished) {
    increment_ = finished ? target_ : increment_;
    target_ = target;
    step_ = static_cast<int32_t>(target - increment_) / hop_samples;
  }

  // Take up `increment` at once.
  void Jump(uint32_t increment) {
    increment_ = target_ = increment;
    step_ = 0;
  }

  // The phase before this sample; 2^32 is a period.
  uint32_t Next() {
    const uint32_t phase = phase_;
    phase_ += increment_;
    increment_ += static_cast<uint32_t>(step_);
    return phase;
  }

 private:
  uint32_t phase_;
  uint32_t increment_;
  uint32_t target_;
  int32_t step_;
};

using Phase = RampedPhase<DSP_HOP_SAMPLES>;

}  // namespace lottava

#endif  // LOTTAVA_DSP_PHASE_H_
