// SPDX-License-Identifier: MIT
// Plays a neural source-filter: its source and ten conditions go through the network at 24 kHz, and then to 48 kHz.
// lottava/nsf_player.py is the oracle. AUX is silent: the network gives one sound.
//
// A frame that begins at an odd sample is heard from the next pair on, 21 us later; the sample between is kept.
#ifndef LOTTAVA_APP_NSF_PLAYER_H_
#define LOTTAVA_APP_NSF_PLAYER_H_

#include "app/player.h"
#include "dsp/nsf_source.h"
#include "dsp/upsampler.h"

namespace lottava {

constexpr size_t kNsfConditions = 10;
static_assert(kNsfConditions <= LOTTAVA_CONTROLS, "the trace holds them in place of controls");

// s16 at 2^-14 of pitch in volts, loudness and axes.
void NsfConditions(float pitch_volts, float loudness, const float* axes, int16_t* codes);

class NsfPlayer {
 public:
  static bool CanPlay(const NnNetwork& network);

  void Init(const NnBlobVoice& voice);

  // Go to the conditions of the frame; held: stay with those of the last one, and play this pitch.
  void StartFrame(NnNetwork* network, const PlayedFrame& frame, float pitch_volts, bool held, LottavaTrace* trace);

  void Render(NnNetwork* network, float* out, float* aux, size_t size);

 private:
  static constexpr size_t kTicks = Upsampler<2>::kMaxBlock;

  void RunNetwork(NnNetwork* network, float* out, size_t ticks);

  NsfSource source_;
  Upsampler<2> upsampler_;
  int16_t conditions_[kNsfConditions];
  float gain_;
  float kept_;  // second sample of a pair of which the first has been given
  bool keeps_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_NSF_PLAYER_H_
