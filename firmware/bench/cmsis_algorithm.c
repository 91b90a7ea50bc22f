// SPDX-License-Identifier: MIT
#include "bench/cmsis_algorithm.h"

#include <string.h>

#include "bench/requantise.h"
#include "nn/arith.h"

// Four s8 as two pairs of s16, in order.
static inline const int8_t* widen(const int8_t* weight, uint32_t* first, uint32_t* second) {
  uint32_t four;
  memcpy(&four, weight, sizeof(four));
#if NN_HAS_DSP
  uint32_t even, odd;
  __asm("sxtb16 %0, %1" : "=r"(even) : "r"(four));
  __asm("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(four));
  __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(*first) : "r"(even), "r"(odd));
  __asm("pkhtb %0, %1, %2, asr #16" : "=r"(*second) : "r"(odd), "r"(even));
#else
  *first = (uint16_t)(int8_t)four | (uint32_t)(uint16_t)(int8_t)(four >> 8) << 16;
  *second = (uint16_t)(int8_t)(four >> 16) | (uint32_t)(uint16_t)(int8_t)(four >> 24) << 16;
#endif
  return weight + 4;
}

// Two rows of weights on two columns.
static inline void dot_2x2(const int8_t* weight, uint32_t length, const int16_t* columns, int32_t acc[2][2]) {
  const int8_t *w0 = weight, *w1 = weight + length;
  const int16_t *x0 = columns, *x1 = columns + length;
  int32_t a00 = 0, a01 = 0, a10 = 0, a11 = 0;
  uint32_t left = length;
  for (; left >= 4; left -= 4, x0 += 4, x1 += 4) {
    uint32_t p0, q0, p1, q1;
    w0 = widen(w0, &p0, &q0);
    w1 = widen(w1, &p1, &q1);
    const uint32_t u0 = nn_load_pair(x0), v0 = nn_load_pair(x0 + 2);
    const uint32_t u1 = nn_load_pair(x1), v1 = nn_load_pair(x1 + 2);
    a00 = nn_dot_pair(q0, v0, nn_dot_pair(p0, u0, a00));
    a01 = nn_dot_pair(q0, v1, nn_dot_pair(p0, u1, a01));
    a10 = nn_dot_pair(q1, v0, nn_dot_pair(p1, u0, a10));
    a11 = nn_dot_pair(q1, v1, nn_dot_pair(p1, u1, a11));
  }
  for (; left > 0; --left, ++w0, ++w1, ++x0, ++x1) {
    a00 += *w0 * *x0, a01 += *w0 * *x1;
    a10 += *w1 * *x0, a11 += *w1 * *x1;
  }
  acc[0][0] = a00, acc[0][1] = a01, acc[1][0] = a10, acc[1][1] = a11;
}

static void finish(const BenchConvolution* layer, uint32_t row, const int32_t acc[2], int16_t* y) {
  const int32_t multiplier = bench_reduced_multiplier(layer->multiplier[row]);
  for (uint32_t t = 0; t < 2; ++t) {
    const int64_t sum = (int64_t)acc[t] + layer->bias[row];
    y[t * layer->outputs + row] = bench_requantise(sum, multiplier, layer->shift[row]);
  }
}

void bench_cmsis_convolve(const BenchConvolution* layer, const int16_t* x, int16_t* y, uint32_t columns,
                          int16_t* scratch) {
  const uint32_t length = layer->kernel * layer->inputs;
  for (uint32_t t = 0; t + 2 <= columns; t += 2, y += 2 * layer->outputs) {
    for (uint32_t tap = 0; tap < layer->kernel; ++tap) {
      const int16_t* from = x + (t + tap) * layer->inputs;
      memcpy(scratch + tap * layer->inputs, from, layer->inputs * sizeof(*x));
      memcpy(scratch + length + tap * layer->inputs, from + layer->inputs, layer->inputs * sizeof(*x));
    }
    for (uint32_t row = 0; row + 2 <= layer->outputs; row += 2) {
      int32_t acc[2][2];
      dot_2x2(layer->weight + row * length, length, scratch, acc);
      finish(layer, row, acc[0], y);
      finish(layer, row + 1, acc[1], y);
    }
  }
}
