// SPDX-License-Identifier: MIT
// A voice: network and synthesiser, stepped a frame at a time.
#ifndef LOTTAVA_APP_VOICE_H_
#define LOTTAVA_APP_VOICE_H_

#include <cstddef>
#include <cstdint>

#include "app/io.h"
#include "dsp/synth.h"
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

  // Checks that the network is one for this synthesiser, too. On error nothing is loaded and Render gives silence.
  NnError Load(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES]);

  // Step the network and ramp to what it says; frozen: keep the timbre of the last step, play the new pitch.
  void StartFrame(const VoiceFrame& frame, bool frozen, LottavaTrace* trace);

  void Render(float* out, float* aux, size_t size);

  bool loaded() const { return loaded_; }
  const NnNetwork& network() const { return network_; }

 private:
  NnNetwork network_;
  Synth synth_;
  float axes_[LOTTAVA_AXES];  // of the last step
  bool loaded_;
  bool stepped_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_VOICE_H_
