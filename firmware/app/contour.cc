// SPDX-License-Identifier: MIT
// Rise is linear, decay and release are exponential; their times follow the knob.
#include "app/contour.h"

#include "app/io.h"
#include "dsp/math.h"

namespace lottava {

namespace {

constexpr float kHopSeconds = LOTTAVA_HOP_SAMPLES / 48000.0f;
constexpr float kSilence = 1e-4f;  // -80 dB: the release ends here

struct Times {
  float rise_seconds, decay_seconds, sustain, release_seconds;
};

// Exponential between two times, because ears take time in ratios.
float Between(float low, float log2_ratio, float x) { return low * Exp2(log2_ratio * x); }

Times TimesOf(float shape) {
  const float left = Clamp(2.0f * shape, 0.0f, 1.0f);          // 0 at pluck, 1 from noon on
  const float right = Clamp(2.0f * shape - 1.0f, 0.0f, 1.0f);  // 0 up to noon, 1 at pad
  Times times;
  times.rise_seconds = Between(0.004f, 8.5f, right);   // 4 ms .. 1.45 s
  times.decay_seconds = Between(0.08f, 3.3f, left);    // 80 ms .. 0.79 s
  times.sustain = Clamp(4.0f * (left - 0.5f), 0.0f, 1.0f);  // a quarter of the travel is pure pluck
  times.release_seconds = right > 0.0f ? Between(0.03f, 5.4f, right)             // 30 ms .. 1.27 s
                                       : Between(0.03f, 1.4f, 1.0f - left);      // 79 ms for a pluck let go
  return times;
}

// Share of the way to the target after `seconds` of an exponential with this time constant.
float Approach(float seconds, float time_constant) { return 1.0f - Exp2(-1.44269504f * seconds / time_constant); }

}  // namespace

void Contour::Init() {
  level_ = before_ = 0.0f;
  rising_ = false;
}

float Contour::Process(bool gate, float shape, float share) {
  const Times times = TimesOf(shape);
  level_ = before_ = Fma(share - 1.0f, level_ - before_, level_);
  if (rising_) {
    level_ += kHopSeconds / times.rise_seconds;
    if (level_ >= 1.0f) {
      level_ = 1.0f;
      rising_ = false;
    } else if (!gate) {
      rising_ = false;
    }
    return level_;
  }
  const float target = gate ? times.sustain : 0.0f;
  level_ += (target - level_) * Approach(kHopSeconds, gate ? times.decay_seconds : times.release_seconds);
  level_ = level_ > kSilence ? level_ : 0.0f;
  return level_;
}

}  // namespace lottava
