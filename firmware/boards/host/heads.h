// SPDX-License-Identifier: MIT
// The DSP heads as C functions, for Python, on this machine (ctypes) and on an emulated Cortex-M7 alike.
// Every object lives in memory of the caller; every `create` takes at least `size` bytes, 16-byte aligned.
#ifndef LOTTAVA_BOARDS_HOST_HEADS_H_
#define LOTTAVA_BOARDS_HOST_HEADS_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Excitation of a neural source-filter. merge: 8 weights and the bias; at most 96 samples a frame altogether.
size_t lottava_nsf_source_size(void);
void lottava_nsf_source_create(void* source, const float* merge);
void lottava_nsf_source_frame(void* source, uint32_t increment, float voicing);
void lottava_nsf_source_render(void* source, int16_t* y, int16_t* noise, size_t size);

// To 48 kHz from 24 (2) or 16 kHz (3): `size` codes to twice or three times as many samples.
size_t lottava_upsample_2_size(void);
void lottava_upsample_2_create(void* upsampler);
void lottava_upsample_2_process(void* upsampler, const int16_t* x, float* y, size_t size);
size_t lottava_upsample_3_size(void);
void lottava_upsample_3_create(void* upsampler);
void lottava_upsample_3_process(void* upsampler, const int16_t* x, float* y, size_t size);

// Sum of 64 partials. A ramp goes on from where the last one stands: `share` of it has passed. size: even.
size_t lottava_harmonics_size(void);
void lottava_harmonics_create(void* bank);
void lottava_harmonics_target(void* bank, const float* amplitudes, float share);
void lottava_harmonics_render(const void* bank, const uint32_t* phase, const float* ramp, float* y, size_t size);

// Noise in 17 bands. size: at most 48, arrays readable and writable to a multiple of two.
size_t lottava_band_noise_size(void);
void lottava_band_noise_create(void* noise);
void lottava_band_noise_target(void* noise, const float* bands, float share);
void lottava_band_noise_render(void* noise, const float* ramp, float* y, size_t size);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_BOARDS_HOST_HEADS_H_
