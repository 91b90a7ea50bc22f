// SPDX-License-Identifier: MIT
// Halves round upward everywhere, as fixedpoint.py says. Two values at a time on the Cortex-M7.
#include "nn/elementwise.h"

#include "nn/arith.h"
#include "nn/pairs.h"

static int32_t half_of(uint32_t shift) { return shift == 0 ? 0 : (int32_t)1 << (shift - 1); }

#if NN_HAS_DSP
static inline uint32_t clamp_pair(int32_t first, int32_t second, uint32_t shift) {
  return nn_make_pair(nn_saturate_s16(first >> shift), nn_saturate_s16(second >> shift));
}

// 3 cycles for two values.
static uint32_t add_two_alike(const int16_t* a, const int16_t* b, int16_t* y, uint32_t count) {
  uint32_t i = 0;
#pragma GCC unroll 2
  for (; i + 2 <= count; i += 2) {
    nn_store_pair(y + i, nn_add_pairs(nn_load_pair(a + i), nn_load_pair(b + i)));
  }
  return i;
}

static uint32_t add_two(const int16_t* a, const int16_t* b, const int32_t factors[2], uint32_t shift, int16_t* y,
                        uint32_t count) {
  const int32_t half = half_of(shift), factor_a = factors[0], factor_b = factors[1];
  uint32_t i = 0;
#pragma GCC unroll 2
  for (; i + 2 <= count; i += 2) {
    const int32_t pa = (int32_t)nn_load_pair(a + i), pb = (int32_t)nn_load_pair(b + i);
    const int32_t first = __smlabb(pa, factor_a, __smlabb(pb, factor_b, half));
    const int32_t second = __smlatb(pa, factor_a, __smlatb(pb, factor_b, half));
    nn_store_pair(y + i, clamp_pair(first, second, shift));
  }
  return i;
}

// How many values are done; left shifts beyond 14 are no s16 factor.
static uint32_t add_pairs(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t shift, int16_t* y,
                          uint32_t count) {
  const int32_t factors[2] = {(int32_t)1 << left_shifts[0], (int32_t)1 << left_shifts[1]};
  if (shift == 0 && left_shifts[0] == 0 && left_shifts[1] == 0) {
    return add_two_alike(parts[0], parts[1], y, count);
  }
  return left_shifts[0] > 14 || left_shifts[1] > 14 ? 0 : add_two(parts[0], parts[1], factors, shift, y, count);
}
#endif

void nn_add_s16(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t part_count, uint32_t shift,
                int16_t* y, uint32_t count) {
  uint32_t i = 0;
#if NN_HAS_DSP
  if (part_count == 2) {
    i = add_pairs(parts, left_shifts, shift, y, count);
  }
#endif
  for (; i < count; ++i) {
    int32_t sum = half_of(shift);
    for (uint32_t part = 0; part < part_count; ++part) {
      sum += parts[part][i] * ((int32_t)1 << left_shifts[part]);
    }
    y[i] = (int16_t)nn_saturate_s16(sum >> shift);
  }
}

void nn_multiply_s16(const int16_t* a, const int16_t* b, uint32_t shift, int16_t* y, uint32_t count) {
  const int32_t half = half_of(shift);
  uint32_t i = 0;
#if NN_HAS_DSP
#pragma GCC unroll 2
  for (; i + 2 <= count; i += 2) {
    const int32_t pa = (int32_t)nn_load_pair(a + i), pb = (int32_t)nn_load_pair(b + i);
    nn_store_pair(y + i, clamp_pair(__smlabb(pa, pb, half), __smlatt(pa, pb, half), shift));
  }
#endif
  for (; i < count; ++i) {
    y[i] = (int16_t)nn_saturate_s16((a[i] * b[i] + half) >> shift);
  }
}

void nn_rescale_s16(const int16_t* x, uint32_t shift, int16_t* y, uint32_t count) {
  const int32_t half = half_of(shift);
  uint32_t i = 0;
  if (shift == 0) {
    memmove(y, x, count * sizeof(int16_t));
    return;
  }
#if NN_HAS_DSP
#pragma GCC unroll 2
  for (; i + 2 <= count; i += 2) {
    const int32_t pair = (int32_t)nn_load_pair(x + i);
    nn_store_pair(y + i, nn_make_pair(((int16_t)pair + half) >> shift, ((pair >> 16) + half) >> shift));
  }
#endif
  for (; i < count; ++i) {
    y[i] = (int16_t)((x[i] + half) >> shift);
  }
}

void nn_interpolate_s16(const int16_t* from, const int16_t* to, uint32_t weight, int16_t* y, uint32_t count) {
#pragma GCC unroll 2
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = (int16_t)(from[i] + (((to[i] - from[i]) * (int32_t)weight + (1 << 14)) >> 15));
  }
}
