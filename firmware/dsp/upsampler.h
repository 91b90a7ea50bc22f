// SPDX-License-Identifier: MIT
// From a model's 24 or 16 kHz (s16 at 2^-15) to 48 kHz: lottava/upsample.py, bit for bit.
//
// Images lie 80 dB down; the passband ends at 0.42 of the input rate; the delay is 31 samples of 48 kHz from 24 kHz, 47
// from 16 kHz. A model that starts anew leaves its upsampler alone: what comes is a step without images, not a click.
#ifndef LOTTAVA_DSP_UPSAMPLER_H_
#define LOTTAVA_DSP_UPSAMPLER_H_

#include <cstddef>
#include <cstdint>

#include "generated/upsample_taps.h"

namespace lottava {

template <size_t factor>
class Upsampler {
 public:
  static_assert(factor == 2 || factor == 3, "filters that there are");
  static constexpr size_t kMaxBlock = 48 / factor;

  void Init();

  // x [size] to y [factor * size], full scale 1.0, up to 2.4 between extreme inputs; any size.
  void Process(const int16_t* x, float* y, size_t size);

 private:
  static constexpr size_t kHistory = UPSAMPLE_WINDOW - 1;
  static constexpr size_t kAhead = 5;  // read with the last samples, and not heard

  void ProcessBlock(const int16_t* x, float* y, size_t size);

  alignas(4) int16_t samples_[kHistory + kMaxBlock + kAhead];  // what is heard: oldest first
};

extern template class Upsampler<2>;
extern template class Upsampler<3>;

}  // namespace lottava

#endif  // LOTTAVA_DSP_UPSAMPLER_H_
