// SPDX-License-Identifier: MIT
// Halves round upward everywhere, as fixedpoint.py says. Two values at a time on the Cortex-M7.
#include "nn/elementwise.h"

#include "nn/arith.h"
#include "nn/pairs.h"

static int32_t half_of(uint32_t shift) { return shift == 0 ? 0 : (int32_t)1 << (shift - 1); }

#if NN_HAS_DSP
// Four at once, because a saturated value is three cycles away from being packed.
static inline __attribute__((always_inline)) void store_fours(int32_t v0, int32_t v1, int32_t v2, int32_t v3,
                                                              uint32_t shift, int16_t* y) {
  const int32_t s0 = nn_saturate_s16(v0 >> shift), s1 = nn_saturate_s16(v1 >> shift);
  const int32_t s2 = nn_saturate_s16(v2 >> shift), s3 = nn_saturate_s16(v3 >> shift);
  nn_store_pair(y, nn_make_pair(s0, s1));
  nn_store_pair(y + 2, nn_make_pair(s2, s3));
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
  for (; i + 4 <= count; i += 4) {
    const int32_t a0 = (int32_t)nn_load_pair(a + i), b0 = (int32_t)nn_load_pair(b + i);
    const int32_t a1 = (int32_t)nn_load_pair(a + i + 2), b1 = (int32_t)nn_load_pair(b + i + 2);
    store_fours(__smlabb(a0, factor_a, __smlabb(b0, factor_b, half)),
                __smlatb(a0, factor_a, __smlatb(b0, factor_b, half)),
                __smlabb(a1, factor_a, __smlabb(b1, factor_b, half)),
                __smlatb(a1, factor_a, __smlatb(b1, factor_b, half)), shift, y + i);
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
  for (; i + 4 <= count; i += 4) {
    const int32_t a0 = (int32_t)nn_load_pair(a + i), b0 = (int32_t)nn_load_pair(b + i);
    const int32_t a1 = (int32_t)nn_load_pair(a + i + 2), b1 = (int32_t)nn_load_pair(b + i + 2);
    store_fours(__smlabb(a0, b0, half), __smlatt(a0, b0, half), __smlabb(a1, b1, half), __smlatt(a1, b1, half), shift,
                y + i);
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

// from * 2^15 + (to - from) weight, rounded and shifted: the same, and one sum of two products.
void nn_interpolate_s16(const int16_t* from, const int16_t* to, uint32_t weight, int16_t* y, uint32_t count) {
  const int32_t newer = (int32_t)weight, older = (1 << 15) - newer;
  uint32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const int32_t v0 = from[i] * older + to[i] * newer, v1 = from[i + 1] * older + to[i + 1] * newer;
    const int32_t v2 = from[i + 2] * older + to[i + 2] * newer, v3 = from[i + 3] * older + to[i + 3] * newer;
    y[i] = (int16_t)((v0 + (1 << 14)) >> 15), y[i + 1] = (int16_t)((v1 + (1 << 14)) >> 15);
    y[i + 2] = (int16_t)((v2 + (1 << 14)) >> 15), y[i + 3] = (int16_t)((v3 + (1 << 14)) >> 15);
  }
  for (; i < count; ++i) {
    y[i] = (int16_t)((from[i] * older + to[i] * newer + (1 << 14)) >> 15);
  }
}
