// SPDX-License-Identifier: MIT
// White noise through a symmetric 64-tap FIR made of 17 band gains that ramp.
#ifndef LOTTAVA_DSP_BAND_NOISE_H_
#define LOTTAVA_DSP_BAND_NOISE_H_

#include <cstddef>
#include <cstdint>

#include "generated/dsp_tables.h"

namespace lottava {

class BandNoise {
 public:
  static constexpr size_t kMaxBlock = 48;

  void Init();

  // Ramp to `bands` [DSP_NOISE_BANDS] from where the ramp stands: `share` of the last one has passed, 1 = all.
  void SetTarget(const float* bands, float share);

  // size <= kMaxBlock; ramp[i] in [0, 1) for each sample, readable to a multiple of four, as is y writable.
  void Render(const float* ramp, float* y, size_t size);

 private:
  static constexpr size_t kPairs = DSP_NOISE_TAPS / 2;
  static constexpr size_t kHistory = DSP_NOISE_TAPS - 1;

  void Render4(const float* white, const float* ramp, float* y) const;

  // Tap j + 1 and its mirror; the last one is the middle tap, halved, because it meets itself.
  float taps_[kPairs];
  float changes_[kPairs];
  float targets_[kPairs];
  float white_[kHistory + kMaxBlock + 4];
  uint32_t state_;
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_BAND_NOISE_H_
