// SPDX-License-Identifier: MIT
// Plays a network that says, frame by frame, what a synthesiser of partials and noise does.
#ifndef LOTTAVA_APP_DDSP_PLAYER_H_
#define LOTTAVA_APP_DDSP_PLAYER_H_

#include "app/player.h"
#include "dsp/synth.h"

namespace lottava {

class DdspPlayer {
 public:
  static bool CanPlay(const NnNetwork& network);

  void Init(const NnBlobVoice& voice);

  // Ramp to what the network makes of the frame; held: to what it made of the last one, at this pitch.
  void StartFrame(NnNetwork* network, const PlayedFrame& frame, float pitch_volts, bool held, LottavaTrace* trace);

  void Render(float* out, float* aux, size_t size) { synth_.Render(out, aux, size); }

 private:
  Synth synth_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_DDSP_PLAYER_H_
