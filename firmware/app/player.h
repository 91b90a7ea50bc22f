// SPDX-License-Identifier: MIT
// What the players of voices share: what they are given, numbers as codes, and what makes a network theirs.
#ifndef LOTTAVA_APP_PLAYER_H_
#define LOTTAVA_APP_PLAYER_H_

#include <cstddef>
#include <cstdint>

#include "app/io.h"
#include "dsp/math.h"
#include "nn/network.h"

namespace lottava {

constexpr float kPitchScale = 0x1p12f;
constexpr float kUnitScale = 0x1p14f;
constexpr float kLowestPitchVolts = -6.0f;  // 4 Hz

// What a frame is played with, limited to what the network was trained on; codes: as LottavaTrace's inputs.
struct PlayedFrame {
  float pitch_volts;
  float loudness;
  float axes[LOTTAVA_AXES];
  int16_t codes[2 + LOTTAVA_AXES];
};

// A tensor that a player feeds or hears.
struct Port {
  uint16_t size, period;
  float scale;
};

inline int16_t Code(float value, float scale) {
  return static_cast<int16_t>(Round(Clamp(value * scale, -32768.0f, 32767.0f)));
}

inline bool Within(float x, float low, float high) { return x >= low && x <= high; }

inline bool Fits(const NnTensor& tensor, const Port& port) {
  return tensor.size == port.size && tensor.clock->period == port.period && Within(tensor.scale, port.scale, port.scale);
}

// Inputs and output are a player's, and no tensor is slower than its frames, so that each of them moves all.
template <size_t inputs>
bool Fits(const NnNetwork& network, const Port (&ports)[inputs], const Port& output, uint32_t frame_ticks) {
  bool fits = network.input_count == inputs && Fits(network.tensors[network.output_tensor], output);
  for (size_t i = 0; fits && i < inputs; ++i) fits = Fits(network.tensors[i], ports[i]);
  for (size_t i = 0; fits && i < network.clock_count; ++i) fits = network.clocks[i].period <= frame_ticks;
  return fits;
}

// Phase step a sample; at_c4: that of 0 V.
inline uint32_t IncrementFromVolts(float pitch_volts, float highest, float at_c4) {
  return static_cast<uint32_t>(Exp2(Clamp(pitch_volts, kLowestPitchVolts, highest)) * at_c4 + 0.5f);
}

}  // namespace lottava

#endif  // LOTTAVA_APP_PLAYER_H_
