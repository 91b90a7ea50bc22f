// SPDX-License-Identifier: MIT
// The graph runner: load a blob into memory of the caller, then one call a frame.
#ifndef LOTTAVA_NN_NETWORK_H_
#define LOTTAVA_NN_NETWORK_H_

#include <stddef.h>
#include <stdint.h>

#include "nn/blob.h"
#include "nn/matmul.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NnLayer {
  NnMatrix products[2];  // dense: one; gru: input, hidden
  uint8_t kind, part_count;
  uint8_t shifts[NN_MAX_PARTS];
  uint8_t parts[NN_MAX_PARTS];
  uint8_t output;
} NnLayer;

// Everything that a loaded network is: layers and tensors point into the arena.
typedef struct NnNetwork {
  NnLayer layers[NN_MAX_LAYERS];
  int16_t* tensors[NN_MAX_TENSORS];  // padded to a multiple of four with zeros
  uint16_t sizes[NN_MAX_TENSORS];
  float scales[NN_MAX_TENSORS];
  int16_t* gates[2];  // scratch of the largest gru
  int16_t* activations;
  size_t activation_count;
  size_t arena_used;
  NnBlobVoice voice;
  uint8_t graph_sha256[32];
  uint16_t layer_count;
  uint8_t tensor_count, input_count, output_tensor;
} NnNetwork;

// Check the blob and copy it, permuted for the kernels, into the arena (16-byte aligned, kept by the caller).
// On error the network runs nothing. 80 KB hold some 36 000 parameters; a 128-wide parent takes 540 KB.
NnError nn_load(NnNetwork* network, const void* bytes, size_t length, void* arena, size_t arena_length);

// Zero the recurrent state and everything else between layers.
void nn_reset(NnNetwork* network);

// Inputs are written into network->tensors[0 .. input_count - 1] before, the output stands in nn_output after.
void nn_step(NnNetwork* network);

static inline const int16_t* nn_output(const NnNetwork* network) { return network->tensors[network->output_tensor]; }

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_NETWORK_H_
