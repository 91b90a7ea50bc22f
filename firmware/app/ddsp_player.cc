// SPDX-License-Identifier: MIT
#include "app/ddsp_player.h"

#include <cstring>

namespace lottava {

namespace {

enum Input { INPUT_PITCH, INPUT_LOUDNESS, INPUT_AXES };

constexpr Interface kInterface = {
    {{1, 1, 1.0f / kPitchScale}, {1, 1, 1.0f / kUnitScale}, {LOTTAVA_AXES, 1, 1.0f / kUnitScale}},
    {LOTTAVA_CONTROLS, 1, 0x1p-11f},
    1,
    DSP_PARTIALS,
    DSP_NOISE_BANDS};
constexpr float kHighestPitchVolts = 6.25f;  // 19.9 kHz

}  // namespace

bool DdspPlayer::CanPlay(const NnNetwork& network) { return Fits(network, kInterface); }

void DdspPlayer::Init(const NnBlobVoice& voice) {
  synth_.Init({voice.gain, voice.tilt, voice.breath_db, voice.body_db, voice.ripple_db});
}

void DdspPlayer::StartFrame(NnNetwork* network, const PlayedFrame& frame, float pitch_volts, bool held,
                            LottavaTrace* trace) {
  if (!held) {
    nn_input(network, INPUT_PITCH)[0] = frame.codes[0];
    nn_input(network, INPUT_LOUDNESS)[0] = frame.codes[1];
    memcpy(nn_input(network, INPUT_AXES), &frame.codes[2], LOTTAVA_AXES * sizeof(int16_t));
    nn_step(network);
  }
  trace->increment = IncrementFromVolts(pitch_volts, kHighestPitchVolts, DSP_INCREMENT_AT_C4);
  synth_.StartFrame(trace->increment, nn_output(network), frame.axes);
  memcpy(trace->controls, nn_output(network), sizeof(trace->controls));
}

}  // namespace lottava
