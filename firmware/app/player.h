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

// What a player feeds and hears, and what its blobs say of partials (or sines) and bands.
struct Interface {
  Port inputs[3], output;
  uint16_t frame_ticks, partials, bands;
};

// No tensor is slower than the frames, so that each of them moves all.
bool Fits(const NnNetwork& network, const Interface& interface);

// Phase step a sample; at_c4: that of 0 V.
inline uint32_t IncrementFromVolts(float pitch_volts, float highest, float at_c4) {
  return static_cast<uint32_t>(Exp2(Clamp(pitch_volts, kLowestPitchVolts, highest)) * at_c4 + 0.5f);
}

}  // namespace lottava

#endif  // LOTTAVA_APP_PLAYER_H_
