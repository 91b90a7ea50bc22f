// SPDX-License-Identifier: MIT
// From the blob's order of weights to the kernels', once, when a voice is loaded: the only permutation anywhere.
#ifndef LOTTAVA_NN_PREPACK_H_
#define LOTTAVA_NN_PREPACK_H_

#include <stddef.h>
#include <stdint.h>

#include "nn/network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NnArena {
  uint8_t* next;
  size_t left, used;
} NnArena;

// `length` zeroed bytes at 16-byte alignment, or NULL where they don't fit.
void* nn_take(NnArena* arena, size_t length);

// Matrices or depthwise weights of the layer; its tensors and options are in place.
NnError nn_prepack(const NnBlob* blob, const NnBlobLayer* from, NnArena* arena, NnLayer* layer);

// One channel of input and one of output a group.
int nn_is_depthwise(const NnBlobLayer* layer, uint32_t in, uint32_t out);

// A matrix a group where both slices are whole words; else the groups share one, zero outside their blocks.
int nn_is_sliced(const NnBlobLayer* layer, uint32_t in, uint32_t out);

// Values of one tap in the windows of a layer's matrices.
uint32_t nn_window_width(const NnBlobLayer* layer, uint32_t in, uint32_t out);

// Taps that make output columns stride * n + phase of a transposed convolution; phase 0 has the most.
static inline uint32_t nn_taps_of_phase(const NnBlobLayer* layer, uint32_t phase) {
  return (layer->kernel - phase + layer->stride - 1u) / layer->stride;
}

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_PREPACK_H_
