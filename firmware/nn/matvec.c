// SPDX-License-Identifier: MIT
// Four rows share each load of four activations: 26 instructions for 16 products on a Cortex-M7.
#include "nn/matvec.h"

#include "nn/arith.h"

#define GROUP_BYTES 16

static void store(int16_t* y, int16_t y0, int16_t y1, int16_t y2, int16_t y3, int relu) {
  y[0] = relu && y0 < 0 ? 0 : y0;
  y[1] = relu && y1 < 0 ? 0 : y1;
  y[2] = relu && y2 < 0 ? 0 : y2;
  y[3] = relu && y3 < 0 ? 0 : y3;
}

static void matvec_s32(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const int8_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  for (uint32_t i = 0; i < matrix->row_groups; ++i, ++rows, y += 4) {
    int32_t a0 = rows->bias[0], a1 = rows->bias[1], a2 = rows->bias[2], a3 = rows->bias[3];
    const int16_t* p = x;
    const int8_t* end = w + GROUP_BYTES * matrix->column_groups;
    for (; w != end; w += GROUP_BYTES, p += 4) {
      const NnQuad quad = nn_load_quad(p);
      a0 = nn_dot_quad(nn_load_weights(w), quad, a0);
      a1 = nn_dot_quad(nn_load_weights(w + 4), quad, a1);
      a2 = nn_dot_quad(nn_load_weights(w + 8), quad, a2);
      a3 = nn_dot_quad(nn_load_weights(w + 12), quad, a3);
    }
    store(y, nn_requantise_s32(a0, rows->factor[0]), nn_requantise_s32(a1, rows->factor[1]),
          nn_requantise_s32(a2, rows->factor[2]), nn_requantise_s32(a3, rows->factor[3]), matrix->relu);
  }
}

static void matvec_s64(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const int8_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  for (uint32_t i = 0; i < matrix->row_groups; ++i, ++rows, y += 4) {
    int64_t a0 = rows->bias[0], a1 = rows->bias[1], a2 = rows->bias[2], a3 = rows->bias[3];
    const int16_t* p = x;
    const int8_t* end = w + GROUP_BYTES * matrix->column_groups;
    for (; w != end; w += GROUP_BYTES, p += 4) {
      const NnQuad quad = nn_load_quad(p);
      a0 = nn_dot_quad_wide(nn_load_weights(w), quad, a0);
      a1 = nn_dot_quad_wide(nn_load_weights(w + 4), quad, a1);
      a2 = nn_dot_quad_wide(nn_load_weights(w + 8), quad, a2);
      a3 = nn_dot_quad_wide(nn_load_weights(w + 12), quad, a3);
    }
    store(y, nn_requantise_s64(a0, rows->factor[0]), nn_requantise_s64(a1, rows->factor[1]),
          nn_requantise_s64(a2, rows->factor[2]), nn_requantise_s64(a3, rows->factor[3]), matrix->relu);
  }
}

void nn_matvec_s8s16(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  if (matrix->wide) {
    matvec_s64(matrix, x, y);
  } else {
    matvec_s32(matrix, x, y);
  }
}

void nn_pack_s8(const uint8_t* weight, uint32_t rows, uint32_t columns, int8_t* packed) {
  static const uint8_t kOrder[4] = {0, 2, 1, 3};
  for (uint32_t row = 0; row < rows; row += 4) {
    for (uint32_t column = 0; column < columns; column += 4) {
      for (uint32_t i = 0; i < GROUP_BYTES; ++i) {
        const uint32_t from_row = row + i / 4, from_column = column + kOrder[i % 4];
        const int inside = from_row < rows && from_column < columns;
        *packed++ = inside ? (int8_t)weight[from_row * columns + from_column] : 0;
      }
    }
  }
}
