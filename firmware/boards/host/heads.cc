// SPDX-License-Identifier: MIT
// Plain forwarding: C names in front of the C++ objects.
#include "boards/host/heads.h"

#include <cstring>

#include "dsp/band_noise.h"
#include "dsp/harmonic_bank.h"
#include "dsp/nsf_source.h"
#include "dsp/upsampler.h"

using lottava::BandNoise;
using lottava::HarmonicBank;
using lottava::NsfMerge;
using lottava::NsfSource;
using lottava::Upsampler;

size_t lottava_nsf_source_size(void) { return sizeof(NsfSource); }

void lottava_nsf_source_create(void* source, const float* merge) {
  NsfMerge copy;
  memcpy(&copy, merge, sizeof(copy));
  static_cast<NsfSource*>(source)->Init(copy);
}

void lottava_nsf_source_frame(void* source, uint32_t increment, float voicing) {
  static_cast<NsfSource*>(source)->StartFrame(increment, voicing);
}

void lottava_nsf_source_render(void* source, int16_t* y, int16_t* noise, size_t size) {
  static_cast<NsfSource*>(source)->Render(y, noise, size);
}

size_t lottava_upsample_2_size(void) { return sizeof(Upsampler<2>); }

void lottava_upsample_2_create(void* upsampler) { static_cast<Upsampler<2>*>(upsampler)->Init(); }

void lottava_upsample_2_process(void* upsampler, const int16_t* x, float* y, size_t size) {
  static_cast<Upsampler<2>*>(upsampler)->Process(x, y, size);
}

size_t lottava_upsample_3_size(void) { return sizeof(Upsampler<3>); }

void lottava_upsample_3_create(void* upsampler) { static_cast<Upsampler<3>*>(upsampler)->Init(); }

void lottava_upsample_3_process(void* upsampler, const int16_t* x, float* y, size_t size) {
  static_cast<Upsampler<3>*>(upsampler)->Process(x, y, size);
}

size_t lottava_harmonics_size(void) { return sizeof(HarmonicBank); }

void lottava_harmonics_create(void* bank) { static_cast<HarmonicBank*>(bank)->Init(); }

void lottava_harmonics_target(void* bank, const float* amplitudes, float share) {
  static_cast<HarmonicBank*>(bank)->SetTarget(amplitudes, share);
}

void lottava_harmonics_render(const void* bank, const uint32_t* phase, const float* ramp, float* y, size_t size) {
  static_cast<const HarmonicBank*>(bank)->Render(phase, ramp, y, size);
}

size_t lottava_band_noise_size(void) { return sizeof(BandNoise); }

void lottava_band_noise_create(void* noise) { static_cast<BandNoise*>(noise)->Init(); }

void lottava_band_noise_target(void* noise, const float* bands, float share) {
  static_cast<BandNoise*>(noise)->SetTarget(bands, share);
}

void lottava_band_noise_render(void* noise, const float* ramp, float* y, size_t size) {
  static_cast<BandNoise*>(noise)->Render(ramp, y, size);
}
