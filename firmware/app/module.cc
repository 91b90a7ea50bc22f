// SPDX-License-Identifier: MIT
// One block: read the panel, start a frame every fourth block or on a gate edge, render, limit, set the outputs.
#include "app/module.h"

#include <cstring>

#include "dsp/math.h"

namespace lottava {

namespace {

constexpr size_t kBlockSamples = LOTTAVA_BLOCK_SAMPLES;
constexpr float kFullScale = 8388607.0f;     // 24 bit
constexpr float kLimitStart = 0.9375f;       // -0.56 dB: below it the output is untouched
constexpr float kRangeStart = 0.25f;         // level at which the network is at its softest; below, gain takes over
constexpr float kEnvVolts = 8.0f;
constexpr float kSounding = 1e-3f;           // -60 dB

// Bends from kLimitStart towards 1; NaN becomes silence.
float Bend(float x) {
  const float magnitude = x < 0.0f ? -x : x;
  const float over = (Clamp(magnitude, 0.0f, 1e6f) - kLimitStart) * (1.0f / (1.0f - kLimitStart));
  const float limited = Fma(1.0f - kLimitStart, over / (1.0f + over), kLimitStart);
  return !(x == x) ? 0.0f : x < 0.0f ? -limited : limited;
}

// Rounded to 24 bits by way of 32: a shift is cheaper than a rounding conversion.
inline int32_t Sample24(float x) { return (static_cast<int32_t>(x * (256.0f * kFullScale)) + 128) >> 8; }

// Neither above the limit nor NaN.
inline bool IsQuiet(float x) { return __builtin_fabsf(x) <= kLimitStart; }

__attribute__((noinline)) float SoftLimit(float x) { return IsQuiet(x) ? x : Bend(x); }

}  // namespace

void Module::Init() {
  cv_scaler_.Init();
  contour_.Init();
  voice_.Init();
  memset(&trace_, 0, sizeof(trace_));
  level_ = 0.0f;
  previous_gain_ = 0.0f;
  target_gain_ = 0.0f;
  hop_position_ = LOTTAVA_HOP_SAMPLES;
  pitch_offset_ = 0.0f;
  dac_error_ = 0.0f;
}

NnError Module::LoadVoice(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES]) {
  const NnError error = voice_.Load(blob, blob_length, memories);
  contour_.Init();
  memset(&trace_, 0, sizeof(trace_));
  previous_gain_ = target_gain_ = 0.0f;
  hop_position_ = LOTTAVA_HOP_SAMPLES;
  return error;
}

void Module::SetCalibration(const LottavaCalibration& calibration) { cv_scaler_.SetCalibration(calibration); }

// LEVEL and CONTOUR first move the network through its loudness range, then fade what it plays at its softest.
void Module::StartFrame(const LottavaInputs& inputs, const Performance& performance) {
  const bool gate = inputs.gate || inputs.gate_edge || !inputs.gate_patched;
  if (inputs.gate_edge) {
    contour_.Trigger();
  }
  const float envelope = contour_.Process(gate, performance.contour, hop_position_);
  if (!inputs.freeze) {
    level_ = performance.level * (inputs.gate_patched ? envelope : 1.0f);
  }
  const float share = static_cast<float>(hop_position_) * (1.0f / LOTTAVA_HOP_SAMPLES);
  previous_gain_ = hop_position_ < LOTTAVA_HOP_SAMPLES ? Fma(share, target_gain_ - previous_gain_, previous_gain_)
                                                       : target_gain_;
  const float fade = Clamp(level_ * (1.0f / kRangeStart), 0.0f, 1.0f);
  target_gain_ = fade * fade;

  VoiceFrame frame;
  frame.pitch_volts = performance.pitch_volts;
  frame.loudness = (level_ - kRangeStart) * (2.0f / (1.0f - kRangeStart)) - 1.0f;
  memcpy(frame.axes, performance.axes, sizeof(frame.axes));
  voice_.StartFrame(frame, inputs.freeze != 0, &trace_);
  ++trace_.frame_count;
  trace_.previous_length = hop_position_;
  trace_.output_gain = target_gain_;
  trace_.pitch_volts = performance.pitch_volts;
  hop_position_ = 0;
}

void Module::RenderAudio(LottavaOutputs* outputs) {
  float out[kBlockSamples], aux[kBlockSamples];
  voice_.Render(out, aux, kBlockSamples);
  const float change = target_gain_ - previous_gain_;
  for (size_t i = 0; i < kBlockSamples; ++i) {
    const float ramp = static_cast<float>(hop_position_ + i) * (1.0f / LOTTAVA_HOP_SAMPLES);
    const float gain = Fma(ramp, change, previous_gain_);
    float first = gain * out[i], second = gain * aux[i];
    if (!(IsQuiet(first) && IsQuiet(second))) {
      first = SoftLimit(first);
      second = SoftLimit(second);
    }
    outputs->audio[i][0] = Sample24(first);
    outputs->audio[i][1] = Sample24(second);
  }
  hop_position_ += kBlockSamples;
}

void Module::Process(const LottavaInputs& inputs, LottavaOutputs* outputs) {
  Performance performance;
  cv_scaler_.Process(inputs, &performance);
  performance.pitch_volts += pitch_offset_;
  Play(performance, inputs, outputs);
}

void Module::Play(const Performance& performance, const LottavaInputs& gates, LottavaOutputs* outputs) {
  if (gates.gate_edge || hop_position_ >= LOTTAVA_HOP_SAMPLES) {
    StartFrame(gates, performance);
  }
  RenderAudio(outputs);
  outputs->dac_codes[LOTTAVA_DAC_PITCH] = cv_scaler_.DacCode(LOTTAVA_DAC_PITCH, trace_.pitch_volts, &dac_error_);
  outputs->dac_codes[LOTTAVA_DAC_ENV] = cv_scaler_.DacCode(LOTTAVA_DAC_ENV, kEnvVolts * level_);
  outputs->gate_out = level_ > kSounding;
}

}  // namespace lottava
