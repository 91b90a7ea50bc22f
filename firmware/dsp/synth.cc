// SPDX-License-Identifier: MIT
// The float32 counterpart of lottava/synth.py, within 2^-15 of it.
#include "dsp/synth.h"

#include "dsp/math.h"

namespace lottava {

namespace {

constexpr float kControlScale = 0x1p-11f;
constexpr float kLog2Of10Over20 = 0.166096405f;
constexpr float kRampStep = 1.0f / DSP_HOP_SAMPLES;
constexpr size_t kOthers = (1 + DSP_NOISE_BANDS + 3) / 4 * 4;  // amplitude and bands, padded
constexpr size_t kBlock = BandNoise::kMaxBlock;

float Control(int16_t code) { return static_cast<float>(code) * kControlScale; }

float GainFromDb(float db) { return Exp2(kLog2Of10Over20 * db); }

float NyquistGain(float frequency_hz) {
  return Clamp((DSP_FADE_END_HZ - frequency_hz) * (1.0f / (DSP_FADE_END_HZ - DSP_FADE_START_HZ)), 0.0f, 1.0f);
}

}  // namespace

void DecodeControls(const int16_t* controls, uint32_t increment, const float* axes, const SynthSettings& settings,
                    Levels* levels) {
  const float f0_hz = static_cast<float>(increment) * DSP_HZ_PER_INCREMENT;
  const float tilt = axes[0] * settings.tilt;
  const float even_gain = GainFromDb(-axes[2] * settings.body_db);
  float* shares = levels->amplitudes;
  float others[kOthers] = {Control(controls[0])};
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    shares[k] = Control(controls[1 + k]);
  }
  for (size_t band = 0; band < DSP_NOISE_BANDS; ++band) {
    others[1 + band] = Control(controls[1 + DSP_PARTIALS + band]) - DSP_NOISE_BIAS;
  }
  ExpSigmoid(shares, shares, DSP_PARTIALS);
  ExpSigmoid(others, others, kOthers);
  float sum = 0.0f;
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    const float share = shares[k] * NyquistGain(f0_hz * static_cast<float>(k + 1)) * (k & 1 ? even_gain : 1.0f);
    shares[k] = tilt == 0.0f ? share : share * Exp2(tilt * dsp_log2_of_partial[k]);
    sum += shares[k];
  }
  const float scale = others[0] / (sum + 1e-7f);
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    shares[k] *= scale;
  }
  const float breath_gain = GainFromDb(axes[1] * settings.breath_db);
  for (size_t band = 0; band < DSP_NOISE_BANDS; ++band) {
    levels->bands[band] = others[1 + band] * breath_gain;
  }
}

void Synth::Init(const SynthSettings& settings) {
  settings_ = settings;
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
  uint32_t phase[kBlock] = {};
  float ramp[kBlock], harmonics[kBlock], noise[kBlock];
  for (size_t i = 0; i < size; ++i) {
    phase[i] = phase_.Next();
  }
  for (size_t i = 0; i < kBlock; ++i) {
    ramp[i] = static_cast<float>(position_ + i) * kRampStep;
  }
  harmonics_.Render(phase, ramp, harmonics, (size + 3) & ~size_t{3});
  noise_.Render(ramp, noise, size);
  for (size_t i = 0; i < size; ++i) {
    aux[i] = settings_.gain * noise[i];
    out[i] = settings_.gain * (harmonics[i] + noise[i]);
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
