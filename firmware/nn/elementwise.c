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

// Inline for each number of parts: 6 to 9 cycles a value, where a loop over the parts takes 30.
static inline __attribute__((always_inline)) uint32_t add_scaled(const int16_t* const* parts,
                                                                 const uint8_t* left_shifts, uint32_t part_count,
                                                                 uint32_t shift, int16_t* y, uint32_t count) {
  const int32_t half = half_of(shift);
  uint32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    int32_t v0 = half, v1 = half, v2 = half, v3 = half;
#pragma GCC unroll 4
    for (uint32_t part = 0; part < part_count; ++part) {
      const int32_t factor = (int32_t)1 << left_shifts[part];
      const int32_t x0 = (int32_t)nn_load_pair(parts[part] + i), x1 = (int32_t)nn_load_pair(parts[part] + i + 2);
      v0 = __smlabb(x0, factor, v0);
      v1 = __smlatb(x0, factor, v1);
      v2 = __smlabb(x1, factor, v2);
      v3 = __smlatb(x1, factor, v3);
    }
    store_fours(v0, v1, v2, v3, shift, y + i);
  }
  return i;
}

// How many values are done; a left shift of 15 is no s16 factor.
static uint32_t add_fours(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t part_count, uint32_t shift,
                          int16_t* y, uint32_t count) {
  uint32_t largest = 0;
  for (uint32_t part = 0; part < part_count; ++part) {
    largest = left_shifts[part] > largest ? left_shifts[part] : largest;
  }
  if (largest > 14) {
    return 0;
  }
  switch (part_count) {
    case 2:
      return shift == 0 && largest == 0 ? add_two_alike(parts[0], parts[1], y, count)
                                        : add_scaled(parts, left_shifts, 2, shift, y, count);
    case 3:
      return add_scaled(parts, left_shifts, 3, shift, y, count);
    case 4:
      return add_scaled(parts, left_shifts, 4, shift, y, count);
    default:
      return 0;
  }
}
#endif

void nn_add_s16(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t part_count, uint32_t shift,
                int16_t* y, uint32_t count) {
  uint32_t i = 0;
#if NN_HAS_DSP
  i = add_fours(parts, left_shifts, part_count, shift, y, count);
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
