// SPDX-License-Identifier: MIT
// Smoothers that trade noise against delay in stated numbers.
#ifndef LOTTAVA_DSP_SMOOTHING_H_
#define LOTTAVA_DSP_SMOOTHING_H_

#include <cstddef>
#include <cstdint>

namespace lottava {

// y += coefficient (x - y); the first value is taken as it is.
class OnePole {
 public:
  void Init() { *this = OnePole(); }

  float Process(float x, float coefficient) {
    value_ = primed_ ? __builtin_fmaf(coefficient, x - value_, value_) : x;
    primed_ = true;
    return value_;
  }

 private:
  float value_ = 0.0f;
  bool primed_ = false;
};

// Mean of the last eight values, begun anew whenever a value leaves it by more than a threshold: steps pass at once,
// noise shrinks by sqrt(8), slow slides lag by a steady 3.5 values.
class SteadyMean {
 public:
  void Init() { *this = SteadyMean(); }

  float Process(float x, float threshold) {
    const float distance = x - mean_;
    if (!(distance < threshold && distance > -threshold)) {
      count_ = 0;
      next_ = 0;
    }
    values_[next_] = x;
    next_ = (next_ + 1) % kLength;
    count_ = count_ < kLength ? count_ + 1 : kLength;
    float sum = 0.0f;
    for (size_t i = 0; i < count_; ++i) {
      sum += values_[i];
    }
    mean_ = sum / static_cast<float>(count_);
    return mean_;
  }

 private:
  static constexpr size_t kLength = 8;

  float values_[kLength] = {};
  size_t count_ = 0;
  size_t next_ = 0;
  float mean_ = 0.0f;
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_SMOOTHING_H_
