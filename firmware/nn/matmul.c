// SPDX-License-Identifier: MIT
// Four rows share each load of an activation, two columns each load of a weight.
#include "nn/matmul.h"

#include "nn/arith.h"

#if NN_HAS_DSP
#include "nn/matmul_2x2.h"
#include "nn/matmul_4x1.h"
#endif

#define GROUP 16

static int16_t rectify(int32_t scaled, int relu) { return (int16_t)(relu ? nn_saturate_u15(scaled) : scaled); }

#if NN_HAS_DSP
// A function each, so that one column, the case of recurrent layers, saves no registers twice and a rectifier is free.
#define NN_APART static __attribute__((noinline))
NN_APART void column(const NnMatrix* matrix, const int16_t* x, int16_t* y) { nn_rows_4x1(matrix, x, y, 0); }

NN_APART void column_relu(const NnMatrix* matrix, const int16_t* x, int16_t* y) { nn_rows_4x1(matrix, x, y, 1); }

NN_APART void pairs(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                    uint32_t count) {
  nn_rows_2x2(matrix, x, x_stride, y, y_stride, count, 0);
}

NN_APART void pairs_relu(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                         uint32_t count) {
  nn_rows_2x2(matrix, x, x_stride, y, y_stride, count, 1);
}

static void columns_s32(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                        uint32_t columns) {
  if (columns >= 2) {
    (matrix->relu ? pairs_relu : pairs)(matrix, x, x_stride, y, y_stride, columns / 2);
    x += (columns & ~1u) * x_stride;
    y += (columns & ~1u) * y_stride;
  }
  if (columns % 2 != 0) {
    (matrix->relu ? column_relu : column)(matrix, x, y);
  }
}
#else
static void columns_s32(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                        uint32_t columns) {
  for (; columns > 0; --columns, x += x_stride, y += y_stride) {
    for (uint32_t row = 0; row < 4u * matrix->row_groups; ++row) {
      const NnRows* rows = &matrix->rows[row / 4];
      const int16_t* w = matrix->weights + GROUP * matrix->column_groups * (row / 4) + 4 * (row % 4);
      int32_t acc = rows->bias[row % 4];
      for (uint32_t i = 0; i < matrix->column_groups; ++i, w += GROUP) {
        acc = nn_dot_pair(nn_load_pair(w), nn_load_pair(x + 4 * i), acc);
        acc = nn_dot_pair(nn_load_pair(w + 2), nn_load_pair(x + 4 * i + 2), acc);
      }
      y[row] = rectify(nn_requantise_s32(acc, rows->factor[row % 4]), matrix->relu);
    }
  }
}
#endif

// Weights that need it are rare: small before quick.
__attribute__((cold)) static void columns_s64(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                        uint32_t columns) {
  for (; columns > 0; --columns, x += x_stride, y += y_stride) {
    for (uint32_t row = 0; row < 4u * matrix->row_groups; ++row) {
      const NnRows* rows = &matrix->rows[row / 4];
      const int16_t* w = matrix->weights + GROUP * matrix->column_groups * (row / 4) + 4 * (row % 4);
      int64_t acc = rows->bias[row % 4];
      for (uint32_t i = 0; i < matrix->column_groups; ++i, w += GROUP) {
        acc = nn_dot_pair_wide(nn_load_pair(w), nn_load_pair(x + 4 * i), acc);
        acc = nn_dot_pair_wide(nn_load_pair(w + 2), nn_load_pair(x + 4 * i + 2), acc);
      }
      y[row] = rectify(nn_requantise_s64(acc, rows->factor[row % 4]), matrix->relu);
    }
  }
}

void nn_matmul_s8s16(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                     uint32_t columns) {
  if (matrix->wide) {
    columns_s64(matrix, x, x_stride, y, y_stride, columns);
  } else {
    columns_s32(matrix, x, x_stride, y, y_stride, columns);
  }
}

// Weight of a packed row and column; zero where padded, or where another group's channel stands.
static int16_t weight_at(const NnTaps* taps, uint32_t row, uint32_t tap, uint32_t channel) {
  const uint32_t group = row / (taps->rows / taps->groups);
  const uint32_t within = channel - group * taps->channels;
  if (row >= taps->rows || within >= taps->channels) {
    return 0;
  }
  return (int8_t)*nn_weight_of(taps, row, tap, within);
}

__attribute__((cold)) void nn_pack_s8(const NnTaps* taps, int16_t* packed) {
  const uint32_t channels = taps->groups * taps->channels;
  for (uint32_t row = 0; row < taps->rows; row += 4) {
    for (uint32_t tap = 0; tap < taps->taps; ++tap) {
      for (uint32_t channel = 0; channel < channels; channel += 4) {
        for (uint32_t i = 0; i < GROUP; ++i) {
          *packed++ = weight_at(taps, row + i / 4, tap, channel + i % 4);
        }
      }
    }
  }
}
