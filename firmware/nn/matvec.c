// SPDX-License-Identifier: MIT
// Four rows share each load of four activations.
#include "nn/matvec.h"

#include "nn/arith.h"

#define GROUP_BYTES 16

// `floor`: all ones for negative values to pass, zero for a ReLU.
static inline int32_t rectified(int32_t y, int32_t floor) { return y & (~(y >> 31) | floor); }

static inline void store(int16_t* y, int32_t y0, int32_t y1, int32_t y2, int32_t y3, int32_t floor) {
  y[0] = (int16_t)rectified(y0, floor);
  y[1] = (int16_t)rectified(y1, floor);
  y[2] = (int16_t)rectified(y2, floor);
  y[3] = (int16_t)rectified(y3, floor);
}

// Add the products of one group of rows to its accumulators; returns the weights of the next group.
#if NN_HAS_DSP
// Loads and both halves of each weight word are placed so that a multiply-accumulate issues in nearly every cycle:
// 13 cycles for 16 products by the timing model, where the compiler's order takes 18. The last turn loads one word
// too many from weights and activations; both lie in the arena, and nothing is done with them.
static inline const int8_t* dot_rows(const int8_t* w, const int16_t* x, uint32_t column_groups, int32_t acc[4]) {
  const int8_t* end = w + GROUP_BYTES * column_groups;
  int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
  uint32_t row0, row1, row2, half, x0, x1;
  __asm volatile(
      "ldr %[x0], [%[x]], #4\n\t"
      "ldr %[row0], [%[w]], #4\n\t"
      ".balign 8\n"
      "1:\n\t"
      "sxtb16 %[half], %[row0]\n\t"
      "ldr %[x1], [%[x]], #4\n\t"
      "sxtb16 %[row0], %[row0], ror #8\n\t"
      "ldr %[row1], [%[w]], #4\n\t"
      "smlad %[a0], %[half], %[x0], %[a0]\n\t"
      "ldr %[row2], [%[w]], #4\n\t"
      "sxtb16 %[half], %[row1]\n\t"
      "smlad %[a0], %[row0], %[x1], %[a0]\n\t"
      "sxtb16 %[row1], %[row1], ror #8\n\t"
      "smlad %[a1], %[half], %[x0], %[a1]\n\t"
      "sxtb16 %[half], %[row2]\n\t"
      "smlad %[a1], %[row1], %[x1], %[a1]\n\t"
      "sxtb16 %[row2], %[row2], ror #8\n\t"
      "ldr %[row1], [%[w]], #4\n\t"  // the fourth row
      "smlad %[a2], %[half], %[x0], %[a2]\n\t"
      "ldr %[row0], [%[w]], #4\n\t"  // of the next four columns
      "smlad %[a2], %[row2], %[x1], %[a2]\n\t"
      "cmp %[w], %[end]\n\t"
      "sxtb16 %[half], %[row1]\n\t"
      "sxtb16 %[row1], %[row1], ror #8\n\t"
      "smlad %[a3], %[half], %[x0], %[a3]\n\t"
      "ldr %[x0], [%[x]], #4\n\t"
      "smlad %[a3], %[row1], %[x1], %[a3]\n\t"
      "bls 1b"
      : [w] "+r"(w), [x] "+r"(x), [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [row0] "=&r"(row0),
        [row1] "=&r"(row1), [row2] "=&r"(row2), [half] "=&r"(half), [x0] "=&r"(x0), [x1] "=&r"(x1)
      : [end] "r"(end)
      : "cc", "memory");
  acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
  return end;
}
#else
static inline const int8_t* dot_rows(const int8_t* w, const int16_t* x, uint32_t column_groups, int32_t acc[4]) {
  for (uint32_t i = 0; i < column_groups; ++i, w += GROUP_BYTES, x += 4) {
    const NnQuad quad = nn_load_quad(x);
    for (uint32_t row = 0; row < 4; ++row) {
      acc[row] = nn_dot_quad(nn_load_weights(w + 4 * row), quad, acc[row]);
    }
  }
  return w;
}
#endif

static void matvec_s32(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const int8_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  const int32_t floor = matrix->relu ? 0 : -1;
  for (uint32_t i = 0; i < matrix->row_groups; ++i, ++rows, y += 4) {
    int32_t acc[4] = {rows->bias[0], rows->bias[1], rows->bias[2], rows->bias[3]};
    w = dot_rows(w, x, matrix->column_groups, acc);
    store(y, nn_requantise_s32(acc[0], rows->factor[0]), nn_requantise_s32(acc[1], rows->factor[1]),
          nn_requantise_s32(acc[2], rows->factor[2]), nn_requantise_s32(acc[3], rows->factor[3]), floor);
  }
}

static void matvec_s64(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const int8_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  const int32_t floor = matrix->relu ? 0 : -1;
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
          nn_requantise_s64(a2, rows->factor[2]), nn_requantise_s64(a3, rows->factor[3]), floor);
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
