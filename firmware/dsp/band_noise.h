// SPDX-License-Identifier: MIT
// White noise through a symmetric 64-tap FIR made of 17 band gains that ramp.
//
// The filter runs in integers: noise at 2^-30, taps at a power of two that leaves room for the sum of all of them, so
// nothing overflows and what is rounded off lies 2^-28 below that sum.
#ifndef LOTTAVA_DSP_BAND_NOISE_H_
#define LOTTAVA_DSP_BAND_NOISE_H_

#include <cstddef>
#include <cstdint>

#include "dsp/fir_pair.h"
#include "generated/dsp_tables.h"

namespace lottava {

class BandNoise {
 public:
  static constexpr size_t kMaxBlock = 48;

  void Init();

  // Ramp to `bands` [DSP_NOISE_BANDS] from where the ramp stands: `share` of the last one has passed, 1 = all.
  void SetTarget(const float* bands, float share);

  // size <= kMaxBlock; ramp[i] in [0, 1) for each sample, readable to a multiple of two, as is y writable.
  void Render(const float* ramp, float* y, size_t size);

 private:
  static constexpr size_t kHistory = DSP_NOISE_TAPS - 1;

  // Tap j + 1 and its mirror; the last one is the middle tap, halved, because it meets itself.
  float starts_[kFirPairs];
  float targets_[kFirPairs];
  FirTap taps_[kFirPairs + 1];
  float unit_;  // value of one step of the sums
  int32_t white_[kHistory + kMaxBlock + 2];
  uint32_t state_;
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_BAND_NOISE_H_
