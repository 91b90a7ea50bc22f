// SPDX-License-Identifier: MIT
// A weight of its own for each channel: convolution over taps, or a plain scale and offset.
#ifndef LOTTAVA_NN_DEPTHWISE_H_
#define LOTTAVA_NN_DEPTHWISE_H_

#include <stdint.h>

#include "nn/matmul.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NnDepthwise {
  const int16_t* weights;  // [row_groups][taps][4 channels]
  const NnRows* rows;
  uint16_t row_groups, taps;
  uint8_t wide;  // 64-bit accumulators
  uint8_t relu;
} NnDepthwise;

// One column, 4 * row_groups values of y, from the ring of nn_gather_s16 (columns of 4 * row_groups values).
void nn_depthwise_s8s16(const NnDepthwise* layer, const int16_t* ring, uint32_t ring_columns, uint32_t newest_column,
                        uint32_t dilation, int16_t* y);

// y_c = requantise(w_c x_c + b_c): the same with one tap.
static inline void nn_scale_s16(const NnDepthwise* layer, const int16_t* x, int16_t* y) {
  nn_depthwise_s8s16(layer, x, 1, 0, 0, y);
}

// Those channels of s8 [channels][taps] to the order of NnDepthwise.weights: ceil(channels / 4) * 4 * taps values.
void nn_pack_depthwise_s8(const uint8_t* weight, const NnSlice* slice, uint32_t channels, uint32_t taps,
                          int16_t* packed);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_DEPTHWISE_H_
