// SPDX-License-Identifier: MIT
// Four rows share each load of an activation, two columns each load of a weight.
#include "nn/matmul.h"

#include "nn/arith.h"

#define GROUP 16

// Add the products of one group of rows to its accumulators; returns the weights of the next group.
#if NN_HAS_DSP
// 10 cycles for 16 products: each of eight multiply-accumulates shares its cycle with the load of a word that is needed
// two cycles later (w0 .. w3 take turns), and the two loads left over lie in different banks (address bit 2). The last
// turn loads three words too many from the weights and two from the activations; all lie in the arena, unused.
static inline const int16_t* dot_rows(const int16_t* w, const int16_t* x, uint32_t column_groups, int32_t acc[4]) {
  int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3];
  uint32_t w0, w1, w2, w3, x0, x1;
  __asm volatile(
      "ldr %[w0], [%[w]]\n\t"
      "ldr %[w1], [%[w], #4]\n\t"
      "ldr %[x0], [%[x]]\n\t"
      "ldr %[x1], [%[x], #4]\n\t"
      "ldr %[w2], [%[w], #8]\n\t"
      ".balign 8\n"
      "1:\n\t"
      "smlad %[a0], %[w0], %[x0], %[a0]\n\t"
      "ldr %[w3], [%[w], #12]\n\t"
      "smlad %[a0], %[w1], %[x1], %[a0]\n\t"
      "ldr %[w0], [%[w], #16]\n\t"
      "smlad %[a1], %[w2], %[x0], %[a1]\n\t"
      "ldr %[w1], [%[w], #20]\n\t"
      "smlad %[a1], %[w3], %[x1], %[a1]\n\t"
      "ldr %[w2], [%[w], #24]\n\t"
      "smlad %[a2], %[w0], %[x0], %[a2]\n\t"
      "ldr %[w3], [%[w], #28]\n\t"
      "smlad %[a2], %[w1], %[x1], %[a2]\n\t"
      "subs %[left], #1\n\t"
      "smlad %[a3], %[w2], %[x0], %[a3]\n\t"
      "ldr %[w0], [%[w], #32]!\n\t"  // the next four columns, or rows
      "smlad %[a3], %[w3], %[x1], %[a3]\n\t"
      "ldr %[x1], [%[x], #12]\n\t"
      "ldr %[x0], [%[x], #8]!\n\t"
      "ldr %[w1], [%[w], #4]\n\t"
      "ldr %[w2], [%[w], #8]\n\t"
      "bne 1b"
      : [w] "+r"(w), [x] "+r"(x), [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3),
        [left] "+r"(column_groups), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3), [x0] "=&r"(x0),
        [x1] "=&r"(x1)
      :
      : "cc", "memory");
  acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
  return w;
}
#else
static inline const int16_t* dot_rows(const int16_t* w, const int16_t* x, uint32_t column_groups, int32_t acc[4]) {
  for (uint32_t i = 0; i < column_groups; ++i, x += 4) {
    for (uint32_t row = 0; row < 4; ++row, w += 4) {
      acc[row] = nn_dot_pair(nn_load_pair(w), nn_load_pair(x), acc[row]);
      acc[row] = nn_dot_pair(nn_load_pair(w + 2), nn_load_pair(x + 2), acc[row]);
    }
  }
  return w;
}
#endif

// Requantise four rows and store them.
#if NN_HAS_DSP
// 15 cycles; the compiler, which can't see that pkhbt ignores the sign, takes twice that.
static inline __attribute__((always_inline)) void finish(const int32_t factor[4], const int32_t acc[4], int relu,
                                                         int16_t* y) {
  int32_t a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3], f0, f1, f2, f3;
  __asm volatile(
      "ldrd %[f0], %[f1], [%[factor]]\n\t"
      "ldrd %[f2], %[f3], [%[factor], #8]\n\t"
      "smmulr %[a0], %[a0], %[f0]\n\t"
      "smmulr %[a1], %[a1], %[f1]\n\t"
      "smmulr %[a2], %[a2], %[f2]\n\t"
      "smmulr %[a3], %[a3], %[f3]\n\t"
      ".if %c[relu]\n\t"
      "usat %[a0], #15, %[a0]\n\t"
      "usat %[a1], #15, %[a1]\n\t"
      "usat %[a2], #15, %[a2]\n\t"
      "usat %[a3], #15, %[a3]\n\t"
      ".else\n\t"
      "ssat %[a0], #16, %[a0]\n\t"
      "ssat %[a1], #16, %[a1]\n\t"
      "ssat %[a2], #16, %[a2]\n\t"
      "ssat %[a3], #16, %[a3]\n\t"
      ".endif\n\t"
      "pkhbt %[a0], %[a0], %[a1], lsl #16\n\t"
      "pkhbt %[a2], %[a2], %[a3], lsl #16\n\t"
      "strd %[a0], %[a2], [%[y]]"
      : [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [f0] "=&r"(f0), [f1] "=&r"(f1), [f2] "=&r"(f2),
        [f3] "=&r"(f3)
      : [factor] "r"(factor), [y] "r"(y), [relu] "i"(relu)
      : "memory");
}
#else
static inline void finish(const int32_t factor[4], const int32_t acc[4], int relu, int16_t* y) {
  for (uint32_t row = 0; row < 4; ++row) {
    const int32_t scaled = nn_requantise_s32(acc[row], factor[row]);
    y[row] = (int16_t)(relu ? nn_saturate_u15(scaled) : scaled);
  }
}
#endif

// Inline in both callers, so that a rectifier costs nothing.
static inline __attribute__((always_inline)) void column_s32(const NnMatrix* matrix, const int16_t* x, int16_t* y,
                                                             int relu) {
  const int16_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  const uint32_t column_groups = matrix->column_groups;
  for (const NnRows* end = rows + matrix->row_groups; rows != end; ++rows, y += 4) {
    int32_t acc[4] = {rows->bias[0], rows->bias[1], rows->bias[2], rows->bias[3]};
    w = dot_rows(w, x, column_groups, acc);
    finish(rows->factor, acc, relu, y);
  }
}

static void column_s64(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const int16_t* w = matrix->weights;
  for (uint32_t i = 0; i < matrix->row_groups; ++i, w += GROUP * matrix->column_groups) {
    for (uint32_t row = 0; row < 4; ++row) {
      int64_t acc = matrix->rows[i].bias[row];
      for (uint32_t j = 0; j < matrix->column_groups; ++j) {
        const int16_t* pairs = w + GROUP * j + 4 * row;
        acc += nn_dot_pair(nn_load_pair(pairs), nn_load_pair(x + 4 * j), 0);
        acc += nn_dot_pair(nn_load_pair(pairs + 2), nn_load_pair(x + 4 * j + 2), 0);
      }
      const int32_t scaled = nn_requantise_s64(acc, matrix->rows[i].factor[row]);
      *y++ = (int16_t)(matrix->relu ? nn_saturate_u15(scaled) : scaled);
    }
  }
}

static void column(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  if (matrix->wide) {
    column_s64(matrix, x, y);
  } else if (matrix->relu) {
    column_s32(matrix, x, y, 1);
  } else {
    column_s32(matrix, x, y, 0);
  }
}

void nn_matmul_s8s16(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                     uint32_t columns) {
  for (; columns > 0; --columns, x += x_stride, y += y_stride) {
    column(matrix, x, y);
  }
}

// Weight of a packed row and column; zero where padded, or where another group's channel stands.
static int16_t weight_at(const NnTaps* taps, uint32_t row, uint32_t tap, uint32_t channel) {
  const uint32_t group = row / (taps->rows / taps->groups);
  const uint32_t within = channel - group * taps->channels;
  if (row >= taps->rows || within >= taps->channels) {
    return 0;
  }
  return (int8_t)taps->weight[(int32_t)row * taps->row_stride + (int32_t)tap * taps->tap_stride + (int32_t)within];
}

void nn_pack_s8(const NnTaps* taps, int16_t* packed) {
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
