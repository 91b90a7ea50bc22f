// SPDX-License-Identifier: MIT
// One block: read the panel, start a frame where a hop ends or the gate rises, render, limit, set the outputs.
#include "app/module.h"

#include <cstring>

#include "dsp/math.h"

namespace lottava {

namespace {

constexpr uint32_t kBlockSamples = LOTTAVA_BLOCK_SAMPLES;
constexpr uint32_t kLateSamples = 48;        // after an edge V/OCT is looked at again (instrument.md 2)
constexpr float kLateVolts = 0.012f;         // what CvScaler takes for a step
constexpr float kGlideLog2 = -5.77f;         // four time constants a glide: 98 %
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

__attribute__((cold)) void Module::Init() {
  cv_scaler_.Init();
  contour_.Init();
  voice_.Init();
  memset(&trace_, 0, sizeof(trace_));
  level_ = 0.0f;
  previous_gain_ = 0.0f;
  target_gain_ = 0.0f;
  hop_position_ = hop_end_ = LOTTAVA_HOP_SAMPLES;
  struck_ = gate_ = muted_ = false;
  pitch_offset_ = pitch_volts_ = 0.0f;
  glide_share_ = 1.0f;
  panel_samples_ = 0;
  performance_ = Performance();
}

__attribute__((cold)) NnError Module::LoadVoice(const void* blob, size_t blob_length,
                                                const NnMemory memories[NN_MEMORIES], uint32_t quality) {
  return voice_.Load(blob, blob_length, memories, quality);
}

void Module::SetCalibration(const LottavaCalibration& calibration) { cv_scaler_.SetCalibration(calibration); }

void Module::SetGlide(float milliseconds) {
  glide_share_ = milliseconds > 0.0f ? 1.0f - Exp2(kGlideLog2 / milliseconds) : 1.0f;
}

// Once a millisecond. A sequencer whose CV comes late gets its frame at the same place after the edge each time.
void Module::MovePitch(float target) {
  const bool at_once = glide_share_ >= 1.0f || trace_.frame_count == 0;
  pitch_volts_ = at_once ? target : Fma(glide_share_, target - pitch_volts_, pitch_volts_);
  const bool moved = __builtin_fabsf(pitch_volts_ - trace_.pitch_volts) > kLateVolts;
  if (struck_ && hop_position_ <= kLateSamples && moved) hop_end_ = kLateSamples;
}

// LEVEL and CONTOUR first move the network through its loudness range, then fade what it plays at its softest.
void Module::StartFrame(const LottavaInputs& inputs, const Performance& performance, bool struck, bool gate) {
  if (struck) {
    contour_.Trigger();
  }
  const float share = static_cast<float>(hop_position_) * (1.0f / LOTTAVA_HOP_SAMPLES);
  const float envelope = contour_.Process(gate || !inputs.gate_patched, performance.contour, share);
  if (!inputs.freeze) {
    level_ = performance.level * (inputs.gate_patched ? envelope : 1.0f);
  }
  previous_gain_ = hop_position_ < LOTTAVA_HOP_SAMPLES ? Fma(share, target_gain_ - previous_gain_, previous_gain_)
                                                       : target_gain_;
  const float fade = Clamp(level_ * (1.0f / kRangeStart), 0.0f, 1.0f);
  target_gain_ = muted_ ? 0.0f : fade * fade;

  VoiceFrame frame;
  frame.pitch_volts = pitch_volts_;
  frame.loudness = (level_ - kRangeStart) * (2.0f / (1.0f - kRangeStart)) - 1.0f;
  memcpy(frame.axes, performance.axes, sizeof(frame.axes));
  voice_.StartFrame(frame, inputs.freeze != 0, &trace_);
  ++trace_.frame_count;
  trace_.previous_length = hop_position_;
  trace_.output_gain = target_gain_;
  trace_.pitch_volts = pitch_volts_;
  hop_position_ = 0;
  hop_end_ = LOTTAVA_HOP_SAMPLES;
  struck_ = struck;
}

void Module::RenderAudio(int32_t (*audio)[2], uint32_t size) {
  float out[kBlockSamples], aux[kBlockSamples];
  voice_.Render(out, aux, size);
  const float change = target_gain_ - previous_gain_;
  for (uint32_t i = 0; i < size; ++i) {
    const float ramp = static_cast<float>(hop_position_ + i) * (1.0f / LOTTAVA_HOP_SAMPLES);
    const float gain = Fma(ramp, change, previous_gain_);
    float first = gain * out[i], second = gain * aux[i];
    if (!(IsQuiet(first) && IsQuiet(second))) {
      first = SoftLimit(first);
      second = SoftLimit(second);
    }
    audio[i][0] = Sample24(first);
    audio[i][1] = Sample24(second);
  }
  hop_position_ += size;
}

void Module::Process(const LottavaInputs& inputs, LottavaOutputs* outputs) {
  if (PanelIsDue()) {
    cv_scaler_.Process(inputs, &performance_);
    performance_.pitch_volts += pitch_offset_;
  }
  Play(performance_, inputs, outputs);
}

void Module::Play(const Performance& performance, const LottavaInputs& gates, LottavaOutputs* outputs) {
  if (PanelIsDue()) {
    MovePitch(performance.pitch_volts);
  }
  panel_samples_ = (panel_samples_ + kBlockSamples) % LOTTAVA_PANEL_SAMPLES;
  const bool gate = gates.gate != 0;
  uint32_t edge = kBlockSamples;  // none
  if (gates.gate_edge) {
    edge = gates.gate_offset < kBlockSamples ? gates.gate_offset : kBlockSamples - 1;
  }
  for (uint32_t at = 0; at < kBlockSamples;) {
    const bool struck = at == edge;
    if (struck || hop_position_ >= hop_end_) {
      StartFrame(gates, performance, struck, struck || (gates.gate_edge ? gate_ : gate));
    }
    const uint32_t end = at < edge ? edge : kBlockSamples;
    const uint32_t left = hop_end_ - hop_position_, size = left < end - at ? left : end - at;
    RenderAudio(outputs->audio + at, size);
    at += size;
  }
  gate_ = gate;
  outputs->dac_codes[LOTTAVA_DAC_PITCH] = cv_scaler_.DacCode(LOTTAVA_DAC_PITCH, trace_.pitch_volts);
  outputs->dac_codes[LOTTAVA_DAC_ENV] = cv_scaler_.DacCode(LOTTAVA_DAC_ENV, kEnvVolts * level_);
  outputs->gate_out = level_ > kSounding;
}

}  // namespace lottava
