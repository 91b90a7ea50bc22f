// SPDX-License-Identifier: MIT
// From a network's 82 controls and a phase step to samples: harmonics plus noise, parameters ramping over a hop.
#ifndef LOTTAVA_DSP_SYNTH_H_
#define LOTTAVA_DSP_SYNTH_H_

#include <cstddef>
#include <cstdint>

#include "dsp/band_noise.h"
#include "dsp/harmonic_bank.h"
#include "dsp/phase.h"

namespace lottava {

constexpr size_t kHopSamples = DSP_HOP_SAMPLES;

// What a voice says about its synthesis; edits at 0 are off.
struct SynthSettings {
  float gain;
  float tilt, breath_db, body_db, ripple_db;
};

struct Levels {
  float amplitudes[DSP_PARTIALS];
  float bands[DSP_NOISE_BANDS];
};

// controls: 1 amplitude, 64 harmonics, 17 bands, s16 at 2^-11; axes: BRIGHT, BREATH, BODY, WILD in [-1, 1].
void DecodeControls(const int16_t* controls, uint32_t increment, const float* axes, const SynthSettings& settings,
                    Levels* levels);

class Synth {
 public:
  void Init(const SynthSettings& settings);

  // Ramp from here to new controls. Called after kHopSamples, or earlier when a gate edge restarts the hop.
  void StartFrame(uint32_t increment, const int16_t* controls, const float* axes);

  // Goes on from the last sample; together at most kHopSamples a frame. aux: the noise part alone.
  void Render(float* out, float* aux, size_t size);

  const Levels& levels() const { return levels_; }

 private:
  void RenderBlock(float* out, float* aux, size_t size);

  SynthSettings settings_;
  Phase phase_;
  HarmonicBank harmonics_;
  BandNoise noise_;
  Levels levels_;  // of the latest frame
  size_t position_;
  bool has_frame_;
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_SYNTH_H_
