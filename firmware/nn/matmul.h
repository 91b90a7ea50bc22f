// SPDX-License-Identifier: MIT
// y_t = requantise(weight x_t + bias), s8 weights, s16 activations, four rows at a time, one or two columns.
//
// Weights are widened to s16 when they are loaded: twice the memory, for 8 cycles a 16 products (two columns; one: 9)
// instead of 13, because a multiply-accumulate takes pairs of s16 and unpacking s8 competes with it.
#ifndef LOTTAVA_NN_MATMUL_H_
#define LOTTAVA_NN_MATMUL_H_

#include <stdint.h>

#include "nn/places.h"

#ifdef __cplusplus
extern "C" {
#endif

// Four rows, as the kernels want them; a padding row has zero bias and factor and so gives zero.
typedef struct NnRows {
  int32_t bias[4];
  int32_t factor[4];
} NnRows;

typedef struct NnMatrix {
  const int16_t* weights;  // [row_groups][column_groups][4 rows][4 columns]
  const NnRows* rows;
  uint16_t row_groups, column_groups;
  uint8_t wide;  // 64-bit accumulators
  uint8_t relu;
} NnMatrix;

// Where the weights of a layer lie: s8 at weight[row * row_stride + tap * tap_stride + channel].
typedef struct NnTaps {
  const uint8_t* weight;
  uint32_t rows;
  uint32_t taps;
  uint32_t channels;  // of one group
  uint32_t groups;    // equal shares of rows and of input channels; rows see the others' channels with weight zero
  int32_t row_stride, tap_stride;
  uint32_t first_row;
  const NnSlice *row_slice, *channel_slice;  // which rows and channels there; NULL: all
} NnTaps;

// Address of a weight; channel: within its group.
static inline const uint8_t* nn_weight_of(const NnTaps* taps, uint32_t row, uint32_t tap, uint32_t channel) {
  const int32_t at = (int32_t)nn_slice_place(taps->row_slice, taps->first_row + row) * taps->row_stride +
                     (int32_t)tap * taps->tap_stride + (int32_t)nn_slice_place(taps->channel_slice, channel);
  return taps->weight + at;
}

// x_t = x + t * x_stride holds 4 * column_groups values, the padding zero; y_t = y + t * y_stride gets 4 * row_groups.
// All 4-byte aligned, strides even. Columns may overlap: windows of an undilated convolution need no copy, they lie
// x_stride = its channels apart in its input. Reads up to 16 bytes behind x_t and behind the weights, and ignores them.
void nn_matmul_s8s16(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                     uint32_t columns);

// Groups of four columns in a packed row: every tap's channels, those of all groups, padded to a multiple of four.
static inline uint32_t nn_column_groups(const NnTaps* taps) {
  return taps->taps * ((taps->groups * taps->channels + 3) / 4);
}

// To the order of NnMatrix.weights: ceil(rows / 4) * 16 * nn_column_groups values. Every weight lands in exactly one
// place, all others are zero.
void nn_pack_s8(const NnTaps* taps, int16_t* packed);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_MATMUL_H_
