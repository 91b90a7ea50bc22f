// SPDX-License-Identifier: MIT
// The float32 counterpart of lottava/synth.py, within 2^-15 of it.
#include "dsp/synth.h"

#include "dsp/math.h"
#include "dsp/sigmoid_cubics.h"

namespace lottava {

namespace {

constexpr float kLog2Of10Over20 = 0.166096405f;
constexpr float kRampStep = 1.0f / DSP_HOP_SAMPLES;
constexpr size_t kBlock = BandNoise::kMaxBlock;

float GainFromDb(float db) { return Exp2(kLog2Of10Over20 * db); }

float NyquistGain(float frequency_hz) {
  return Clamp((DSP_FADE_END_HZ - frequency_hz) * (1.0f / (DSP_FADE_END_HZ - DSP_FADE_START_HZ)), 0.0f, 1.0f);
}

// Partials below `full` are quieter by nothing, those from `silent` on by everything.
void FadeNearNyquist(float f0_hz, float* shares) {
  size_t full = DSP_PARTIALS, silent = DSP_PARTIALS;
  if (f0_hz * DSP_PARTIALS > DSP_FADE_START_HZ) {
    full = static_cast<size_t>(DSP_FADE_START_HZ / f0_hz);
    full -= full > 0;  // whichever way the quotient was rounded
    silent = static_cast<size_t>(DSP_FADE_END_HZ / f0_hz) + 1;
    silent = silent < DSP_PARTIALS ? silent : DSP_PARTIALS;
  }
  for (size_t k = full; k < silent; ++k) {
    shares[k] *= NyquistGain(f0_hz * static_cast<float>(k + 1));
  }
  for (size_t k = silent; k < DSP_PARTIALS; ++k) {
    shares[k] = 0.0f;
  }
}

}  // namespace

void DecodeControls(const int16_t* controls, uint32_t increment, const float* axes, const SynthSettings& settings,
                    Levels* levels) {
  const float tilt = axes[0] * settings.tilt;
  const float body_db = axes[2] * settings.body_db;
  const float ripple = axes[3] * settings.ripple_db * kLog2Of10Over20;
  float* shares = levels->amplitudes;
  ExpSigmoid(controls + 1, shares, DSP_PARTIALS);
  FadeNearNyquist(static_cast<float>(increment) * DSP_HZ_PER_INCREMENT, shares);
  if (body_db != 0.0f) {
    const float even_gain = GainFromDb(-body_db);
    for (size_t k = 1; k < DSP_PARTIALS; k += 2) {
      shares[k] *= even_gain;
    }
  }
  if (tilt != 0.0f || ripple != 0.0f) {
    for (size_t k = 0; k < DSP_PARTIALS; ++k) {
      shares[k] *= Exp2(Fma(tilt, dsp_log2_of_partial[k], ripple * dsp_ripple_of_partial[k]));
    }
  }
  float sums[4] = {};  // side by side, because an addition takes three cycles
  for (size_t k = 0; k < DSP_PARTIALS; k += 4) {
    sums[0] += shares[k];
    sums[1] += shares[k + 1];
    sums[2] += shares[k + 2];
    sums[3] += shares[k + 3];
  }
  float amplitude;
  ExpSigmoid(controls, &amplitude, 1);
  const float scale = amplitude / ((sums[0] + sums[1]) + (sums[2] + sums[3]) + 1e-7f);
#pragma GCC unroll 8
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    shares[k] *= scale;
  }
  const float breath_gain = GainFromDb(axes[1] * settings.breath_db);
  BiasedExpSigmoid(controls + 1 + DSP_PARTIALS, levels->bands, DSP_NOISE_BANDS);
  for (float& band : levels->bands) {
    band *= breath_gain;
  }
}

__attribute__((cold)) void Synth::Init(const SynthSettings& settings) {
  settings_ = settings;
  FillSigmoidCubics();
  phase_.Init();
  harmonics_.Init();
  noise_.Init();
  levels_ = Levels();
  position_ = kHopSamples;
  has_frame_ = false;
}

void Synth::StartFrame(uint32_t increment, const int16_t* controls, const float* axes) {
  DecodeControls(controls, increment, axes, settings_, &levels_);
  const bool finished = position_ >= kHopSamples;
  const float share = finished ? 1.0f : static_cast<float>(position_) / static_cast<float>(kHopSamples);
  if (has_frame_) {
    phase_.SetTarget(increment, finished);
  } else {
    phase_.Jump(increment);
  }
  harmonics_.SetTarget(levels_.amplitudes, share);
  noise_.SetTarget(levels_.bands, share);
  position_ = 0;
  has_frame_ = true;
}

void Synth::RenderBlock(float* out, float* aux, size_t size) {
  uint32_t phase[kBlock];
  float ramp[kBlock], harmonics[kBlock], noise[kBlock];
  const size_t even = (size + 1) & ~size_t{1};
  for (size_t i = 0; i < size; ++i) {
    phase[i] = phase_.Next();
  }
  phase[even - 1] = phase[size - 1];  // read as one of a pair, and not heard
#pragma GCC unroll 4
  for (size_t i = 0; i < kBlock; ++i) {
    ramp[i] = static_cast<float>(position_ + i) * kRampStep;
  }
  harmonics_.Render(phase, ramp, harmonics, even);
  noise_.Render(ramp, noise, size);
  const float gain = settings_.gain;
#pragma GCC unroll 4
  for (size_t i = 0; i < size; ++i) {
    const float quiet = noise[i], loud = harmonics[i];
    aux[i] = gain * quiet;
    out[i] = gain * (loud + quiet);
  }
  position_ += size;
}

void Synth::Render(float* out, float* aux, size_t size) {
  while (size > 0) {
    const size_t count = size < kBlock ? size : kBlock;
    RenderBlock(out, aux, count);
    out += count;
    aux += count;
    size -= count;
  }
}

}  // namespace lottava
