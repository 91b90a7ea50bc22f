// SPDX-License-Identifier: MIT
// Excitation of a neural source-filter at 24 kHz: eight partials of one phase, merged and squashed, and noise.
// The float32 counterpart of lottava/nsf_source.py, within one code of it for weights up to 40; larger ones magnify what
// single precision rounds off.
#ifndef LOTTAVA_DSP_NSF_SOURCE_H_
#define LOTTAVA_DSP_NSF_SOURCE_H_

#include <cstddef>
#include <cstdint>

#include "dsp/phase.h"
#include "generated/nsf_tables.h"

namespace lottava {

// The learned layer that makes one signal of eight sines; finite numbers.
struct NsfMerge {
  float weights[NSF_SINES];
  float bias;
};

class NsfSource {
 public:
  void Init(const NsfMerge& merge);

  // Ramp from here to a pitch (phase step a sample of 24 kHz) and a voicing in [0, 1]. Called after NSF_HOP_SAMPLES, or
  // earlier when a gate edge restarts the hop.
  void StartFrame(uint32_t increment, float voicing);

  // Inputs `source` and `noise` of the graph, s16 at 2^-15. Goes on from the last sample; together at most
  // NSF_HOP_SAMPLES a frame.
  void Render(int16_t* source, int16_t* noise, size_t size);

 private:
  static constexpr size_t kBlock = 24;
  static constexpr size_t kGroup = 4;

  // What a sample starts from; the noise in steps.
  struct Draws {
    uint32_t phase;
    float noise;
  };

  // Of a sine as merged, or of the noise: where the ramp began, and by how much it changes over a hop.
  struct Level {
    float start, change;

    void SetTarget(float target, float share);
  };

  void RenderGroup(const Draws* draws, size_t position, int16_t* source) const;
  void RenderBlock(int16_t* source, int16_t* noise, size_t size);

  NsfMerge merge_;
  RampedPhase<NSF_HOP_SAMPLES> phase_;
  Level sines_[NSF_SINES];
  Level noise_;  // codes of a step of the noise
  uint32_t word_;
  size_t position_;
  bool has_frame_;
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_NSF_SOURCE_H_
