// SPDX-License-Identifier: MIT
// s16 in, s16 out, then float: the only place where the network's scales meet the player's.
#include "app/voice.h"

#include <cstring>

#include "dsp/math.h"

namespace lottava {

namespace {

constexpr float kPitchScale = 0x1p12f;
constexpr float kUnitScale = 0x1p14f;
constexpr float kControlScale = 0x1p-11f;
constexpr float kLowestPitchVolts = -6.0f;   // 4 Hz
constexpr float kHighestPitchVolts = 6.25f;  // 19.9 kHz

enum Input { INPUT_PITCH, INPUT_LOUDNESS, INPUT_AXES, INPUTS };

int16_t Code(float value, float scale) {
  return static_cast<int16_t>(Round(Clamp(value * scale, -32768.0f, 32767.0f)));
}

bool Is(float a, float b) { return !(a < b || a > b); }

bool Within(float x, float low, float high) { return x >= low && x <= high; }

// A sound network is not yet a voice: sizes, scales and the synthesiser's numbers have to fit, too.
bool IsPlayable(const NnNetwork& network) {
  static constexpr uint16_t kSizes[INPUTS] = {1, 1, LOTTAVA_AXES};
  static constexpr float kScales[INPUTS] = {1.0f / kPitchScale, 1.0f / kUnitScale, 1.0f / kUnitScale};
  // A period of one frame for all, so that each step takes every input and gives the output.
  bool playable = network.input_count == INPUTS && network.clock_count == 1;
  for (size_t i = 0; playable && i < INPUTS; ++i) {
    playable = network.tensors[i].size == kSizes[i] && Is(network.tensors[i].scale, kScales[i]);
  }
  const NnBlobVoice& voice = network.voice;
  const NnTensor& output = network.tensors[network.output_tensor];
  return playable && output.size == LOTTAVA_CONTROLS && Is(output.scale, kControlScale) && voice.partials == DSP_PARTIALS &&
         voice.bands == DSP_NOISE_BANDS && Within(voice.gain, 0.0f, 64.0f) && Within(voice.tilt, -4.0f, 4.0f) &&
         Within(voice.breath_db, -60.0f, 60.0f) && Within(voice.body_db, -60.0f, 60.0f) &&
         Within(voice.ripple_db, -60.0f, 60.0f) &&
         Within(voice.loudness_lo_db, -200.0f, voice.loudness_hi_db) && voice.loudness_hi_db <= 200.0f &&
         Within(voice.range_lo_volts, -8.0f, voice.range_hi_volts) && voice.range_hi_volts <= 8.0f;
}

uint32_t IncrementFromVolts(float pitch_volts) {
  return static_cast<uint32_t>(Exp2(pitch_volts) * DSP_INCREMENT_AT_C4 + 0.5f);
}

}  // namespace

void Voice::Init() {
  memset(&network_, 0, sizeof(network_));
  loaded_ = false;
  stepped_ = false;
  synth_.Init({});
}

NnError Voice::Load(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES]) {
  Init();
  NnError error = nn_load(&network_, blob, blob_length, memories);
  if (error == NN_OK && !IsPlayable(network_)) {
    error = NN_ERROR_VOICE;
  }
  if (error != NN_OK) {
    memset(&network_, 0, sizeof(network_));
    return error;
  }
  const NnBlobVoice& voice = network_.voice;
  synth_.Init({voice.gain, voice.tilt, voice.breath_db, voice.body_db, voice.ripple_db});
  loaded_ = true;
  return NN_OK;
}

void Voice::StartFrame(const VoiceFrame& frame, bool frozen, LottavaTrace* trace) {
  if (!loaded_) {
    return;
  }
  const NnBlobVoice& voice = network_.voice;
  if (!frozen || !stepped_) {
    // Outside the pitches it was trained on the network keeps the timbre of the nearest one.
    const float pitch = Clamp(frame.pitch_volts, voice.range_lo_volts, voice.range_hi_volts);
    nn_input(&network_, INPUT_PITCH)[0] = Code(pitch, kPitchScale);
    nn_input(&network_, INPUT_LOUDNESS)[0] = Code(Clamp(frame.loudness, -1.0f, 1.0f), kUnitScale);
    for (size_t i = 0; i < LOTTAVA_AXES; ++i) {
      axes_[i] = Clamp(frame.axes[i], -1.0f, 1.0f);
      nn_input(&network_, INPUT_AXES)[i] = Code(axes_[i], kUnitScale);
    }
    nn_step(&network_);
    stepped_ = true;
  }
  const uint32_t increment = IncrementFromVolts(Clamp(frame.pitch_volts, kLowestPitchVolts, kHighestPitchVolts));
  synth_.StartFrame(increment, nn_output(&network_), axes_);

  trace->increment = increment;
  trace->inputs[0] = nn_input(&network_, INPUT_PITCH)[0];
  trace->inputs[1] = nn_input(&network_, INPUT_LOUDNESS)[0];
  memcpy(&trace->inputs[2], nn_input(&network_, INPUT_AXES), LOTTAVA_AXES * sizeof(int16_t));
  memcpy(trace->controls, nn_output(&network_), sizeof(trace->controls));
  memcpy(trace->axes, axes_, sizeof(axes_));
  const float middle = 0.5f * (voice.loudness_lo_db + voice.loudness_hi_db);
  const float half = 0.5f * (voice.loudness_hi_db - voice.loudness_lo_db);
  trace->loudness_db = middle + half * static_cast<float>(trace->inputs[1]) * (1.0f / kUnitScale);
}

void Voice::Render(float* out, float* aux, size_t size) {
  if (loaded_) {
    synth_.Render(out, aux, size);
    return;
  }
  memset(out, 0, size * sizeof(*out));
  memset(aux, 0, size * sizeof(*aux));
}

}  // namespace lottava
