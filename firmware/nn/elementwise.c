// SPDX-License-Identifier: MIT
// Halves round upward everywhere, as fixedpoint.py says.
#include "nn/elementwise.h"

#include "nn/arith.h"

void nn_add_s16(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t part_count, uint32_t shift,
                int16_t* y, uint32_t count) {
  const int32_t half = shift == 0 ? 0 : (int32_t)1 << (shift - 1);
  for (uint32_t i = 0; i < count; ++i) {
    int32_t sum = half;
    for (uint32_t part = 0; part < part_count; ++part) {
      sum += parts[part][i] * ((int32_t)1 << left_shifts[part]);
    }
    y[i] = (int16_t)nn_saturate_s16(sum >> shift);
  }
}

void nn_multiply_s16(const int16_t* a, const int16_t* b, uint32_t shift, int16_t* y, uint32_t count) {
  const int32_t half = (int32_t)1 << (shift - 1);
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = (int16_t)nn_saturate_s16((a[i] * b[i] + half) >> shift);
  }
}

void nn_rescale_s16(const int16_t* x, uint32_t shift, int16_t* y, uint32_t count) {
  const int32_t half = shift == 0 ? 0 : (int32_t)1 << (shift - 1);
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = (int16_t)((x[i] + half) >> shift);
  }
}

void nn_interpolate_s16(const int16_t* from, const int16_t* to, uint32_t weight, int16_t* y, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = (int16_t)(from[i] + (((to[i] - from[i]) * (int32_t)weight + (1 << 14)) >> 15));
  }
}
