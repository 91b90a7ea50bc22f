// SPDX-License-Identifier: MIT
// Which player a network needs, and what is the same for both: limits and codes of a frame, and what is told of it.
#include "app/voice.h"

#include <cstring>

#include "dsp/math.h"

namespace lottava {

namespace {

// A sound network is not yet a voice: the numbers beside it have to make sense, too.
bool IsVoice(const NnBlobVoice& voice) {
  return Within(voice.gain, 0.0f, 64.0f) && Within(voice.tilt, -4.0f, 4.0f) && Within(voice.breath_db, -60.0f, 60.0f) &&
         Within(voice.body_db, -60.0f, 60.0f) && Within(voice.ripple_db, -60.0f, 60.0f) &&
         Within(voice.loudness_lo_db, -200.0f, voice.loudness_hi_db) && voice.loudness_hi_db <= 200.0f &&
         Within(voice.range_lo_volts, -8.0f, voice.range_hi_volts) && voice.range_hi_volts <= 8.0f;
}

// Outside the pitches it was trained on the network keeps the timbre of the nearest one.
PlayedFrame Limited(const VoiceFrame& frame, const NnBlobVoice& voice) {
  PlayedFrame played;
  played.pitch_volts = Clamp(frame.pitch_volts, voice.range_lo_volts, voice.range_hi_volts);
  played.loudness = Clamp(frame.loudness, -1.0f, 1.0f);
  played.codes[0] = Code(played.pitch_volts, kPitchScale);
  played.codes[1] = Code(played.loudness, kUnitScale);
  for (size_t i = 0; i < LOTTAVA_AXES; ++i) {
    played.axes[i] = Clamp(frame.axes[i], -1.0f, 1.0f);
    played.codes[2 + i] = Code(played.axes[i], kUnitScale);
  }
  return played;
}

}  // namespace

void Voice::Init() {
  memset(&network_, 0, sizeof(network_));
  player_ = Player::kNone;
  stepped_ = false;
}

NnError Voice::Load(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES], uint32_t level) {
  Init();
  const NnError error = nn_load_level(&network_, blob, blob_length, memories, level);
  if (error != NN_OK) return error;
  Player player = Player::kNone;
  if (IsVoice(network_.voice) && DdspPlayer::CanPlay(network_)) {
    ddsp_.Init(network_.voice);
    player = Player::kDdsp;
  } else if (IsVoice(network_.voice) && NsfPlayer::CanPlay(network_)) {
    nsf_.Init(network_.voice);
    player = Player::kNsf;
  } else {
    memset(&network_, 0, sizeof(network_));
    return NN_ERROR_VOICE;
  }
  __atomic_signal_fence(__ATOMIC_RELEASE);  // whole before the audio interrupt sees a player
  player_ = player;
  return NN_OK;
}

void Voice::StartFrame(const VoiceFrame& frame, bool frozen, LottavaTrace* trace) {
  if (!loaded()) {
    return;
  }
  const NnBlobVoice& voice = network_.voice;
  const bool held = frozen && stepped_;
  if (!held) {
    frame_ = Limited(frame, voice);
    stepped_ = true;
  }
  if (player_ == Player::kDdsp) {
    ddsp_.StartFrame(&network_, frame_, frame.pitch_volts, held, trace);
  } else {
    nsf_.StartFrame(&network_, frame_, frame.pitch_volts, held, trace);
  }
  memcpy(trace->inputs, frame_.codes, sizeof(trace->inputs));
  memcpy(trace->axes, frame_.axes, sizeof(trace->axes));
  const float middle = 0.5f * (voice.loudness_lo_db + voice.loudness_hi_db);
  const float half = 0.5f * (voice.loudness_hi_db - voice.loudness_lo_db);
  trace->loudness_db = middle + half * static_cast<float>(trace->inputs[1]) * (1.0f / kUnitScale);
}

void Voice::Render(float* out, float* aux, size_t size) {
  switch (player_) {
    case Player::kDdsp:
      ddsp_.Render(out, aux, size);
      break;
    case Player::kNsf:
      nsf_.Render(&network_, out, aux, size);
      break;
    default:
      memset(out, 0, size * sizeof(*out));
      memset(aux, 0, size * sizeof(*aux));
  }
}

}  // namespace lottava
