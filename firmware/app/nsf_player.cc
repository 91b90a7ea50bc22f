// SPDX-License-Identifier: MIT
#include "app/nsf_player.h"

#include <cstring>

namespace lottava {

namespace {

enum Input { INPUT_SOURCE, INPUT_NOISE, INPUT_CONDITION };

constexpr Interface kInterface = {
    {{1, 1, 0x1p-15f}, {1, 1, 0x1p-15f}, {kNsfConditions, NSF_HOP_SAMPLES, 1.0f / kUnitScale}},
    {1, 1, 0x1p-15f},
    NSF_HOP_SAMPLES,
    NSF_SINES,
    0};
constexpr float kIncrementAtC4 = 2.0f * DSP_INCREMENT_AT_C4;
constexpr float kHighestPitchVolts = 5.51796f;  // 11.99 kHz
constexpr float kConditionLimit = 2.0f - 0x1p-14f;
constexpr float kMergeLimit = 40.0f;  // what nsf_source.h is within a code for
constexpr float kVoiced = 1.0f;       // breath is the network's second branch

bool IsMerge(const NnBlobVoice& voice) {
  bool small = Within(voice.merge_bias, -kMergeLimit, kMergeLimit);
  for (const float weight : voice.merge) small = small && Within(weight, -kMergeLimit, kMergeLimit);
  return small;
}

}  // namespace

void NsfConditions(float pitch_volts, float loudness, const float* axes, int16_t* codes) {
  const float half = 0.5f * pitch_volts;
  const float values[kNsfConditions] = {0.5f * half, loudness,    axes[0],           axes[1],         axes[2],
                                        axes[3],     half * half, loudness * loudness, half * loudness, Exp2(pitch_volts - 2.0f)};
  for (size_t i = 0; i < kNsfConditions; ++i) {
    codes[i] = Code(Clamp(values[i], -kConditionLimit, kConditionLimit), kUnitScale);
  }
}

bool NsfPlayer::CanPlay(const NnNetwork& network) {
  return Fits(network, kInterface) && IsMerge(network.voice);
}

void NsfPlayer::Init(const NnBlobVoice& voice) {
  static_assert(sizeof(voice.merge) == NSF_SINES * sizeof(float), "a weight a sine");
  NsfMerge merge;
  memcpy(merge.weights, voice.merge, sizeof(merge.weights));
  merge.bias = voice.merge_bias;
  source_.Init(merge);
  upsampler_.Init();
  memset(conditions_, 0, sizeof(conditions_));
  gain_ = voice.gain;
  kept_ = 0.0f;
  keeps_ = false;
}

void NsfPlayer::StartFrame(NnNetwork* network, const PlayedFrame& frame, float pitch_volts, bool held,
                           LottavaTrace* trace) {
  if (!held) NsfConditions(frame.pitch_volts, frame.loudness, frame.axes, conditions_);
  nn_restart(network);
  memcpy(nn_input(network, INPUT_CONDITION), conditions_, sizeof(conditions_));
  trace->increment = IncrementFromVolts(pitch_volts, kHighestPitchVolts, kIncrementAtC4);
  source_.StartFrame(trace->increment, kVoiced);
  memcpy(trace->controls, conditions_, sizeof(conditions_));
}

void NsfPlayer::RunNetwork(NnNetwork* network, float* out, size_t ticks) {
  int16_t source[kTicks], noise[kTicks];
  source_.Render(source, noise, ticks);
  const NnTensor &sources = network->tensors[INPUT_SOURCE], &noises = network->tensors[INPUT_NOISE];
  for (size_t i = 0; i < ticks; ++i) {
    sources.columns[i * sources.padded] = source[i];
    noises.columns[i * noises.padded] = noise[i];
  }
  nn_run(network, static_cast<uint32_t>(ticks));
  const NnTensor& audio = network->tensors[network->output_tensor];
  for (size_t i = 0; i < ticks; ++i) source[i] = audio.columns[i * audio.padded];
  upsampler_.Process(source, out, ticks);
  for (size_t i = 0; i < 2 * ticks; ++i) out[i] *= gain_;
}

void NsfPlayer::Render(NnNetwork* network, float* out, float* aux, size_t size) {
  memset(aux, 0, size * sizeof(*aux));
  if (keeps_ && size > 0) {
    *out++ = kept_;
    --size;
    keeps_ = false;
  }
  const size_t most = network->block < kTicks ? network->block : kTicks;
  while (size > 0) {
    const size_t wanted = (size + 1) / 2, ticks = wanted < most ? wanted : most;
    float pairs[2 * kTicks];
    RunNetwork(network, pairs, ticks);
    const size_t given = size < 2 * ticks ? size : 2 * ticks;
    memcpy(out, pairs, given * sizeof(*out));
    keeps_ = given < 2 * ticks;
    kept_ = pairs[2 * ticks - 1];
    out += given;
    size -= given;
  }
}

}  // namespace lottava
