// SPDX-License-Identifier: MIT
// A voice: a network and the player that its interface asks for, stepped a frame at a time.
#ifndef LOTTAVA_APP_VOICE_H_
#define LOTTAVA_APP_VOICE_H_

#include <cstddef>
#include <cstdint>

#include "app/ddsp_player.h"
#include "app/io.h"
#include "app/nsf_player.h"
#include "nn/network.h"

namespace lottava {

// What one frame is played with. loudness: -1 .. 1 over the voice's training range.
struct VoiceFrame {
  float pitch_volts;
  float loudness;
  float axes[LOTTAVA_AXES];
};

class Voice {
 public:
  void Init();

  // Checks that the network is one for a player, too. On error nothing is loaded and Render gives silence.
  // level: how narrow, where the blob has levels; beyond them the narrowest. An interrupt may Render meanwhile, once Init
  // is through.
  NnError Load(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES], uint32_t level);

  // Give the network a frame and ramp to what it says; frozen: keep the timbre of the last one, play the new pitch.
  void StartFrame(const VoiceFrame& frame, bool frozen, LottavaTrace* trace);

  void Render(float* out, float* aux, size_t size);

  bool loaded() const { return player_ != Player::kNone; }
  const NnNetwork& network() const { return network_; }

 private:
  enum class Player : uint8_t { kNone, kDdsp, kNsf };

  NnNetwork network_;
  union {
    DdspPlayer ddsp_;
    NsfPlayer nsf_;
  };
  PlayedFrame frame_;  // the last one that the network was given
  Player player_;
  bool stepped_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_VOICE_H_
