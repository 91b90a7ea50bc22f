// SPDX-License-Identifier: MIT
// Four channels at a time: the taps of one channel lie in different words, so that no product takes pairs.
#include "nn/depthwise.h"

#include "nn/arith.h"

typedef struct Ring {
  const int16_t* end;
  uint32_t size, step;  // of all columns; from tap to tap
} Ring;

static inline const int16_t* next_tap(const int16_t* x, const Ring* ring) {
  x += ring->step;
  return x >= ring->end ? x - ring->size : x;
}

// A channel's products are one a cycle, because its taps lie in different words.
static inline __attribute__((always_inline)) void add_tap(const int16_t* w, const int16_t* x, int32_t acc[4]) {
#if NN_HAS_DSP
  const int32_t w0 = (int32_t)nn_load_pair(w), w1 = (int32_t)nn_load_pair(w + 2);
  const int32_t x0 = (int32_t)nn_load_pair(x), x1 = (int32_t)nn_load_pair(x + 2);
  acc[0] = __smlabb(w0, x0, acc[0]);
  acc[1] = __smlatt(w0, x0, acc[1]);
  acc[2] = __smlabb(w1, x1, acc[2]);
  acc[3] = __smlatt(w1, x1, acc[3]);
#else
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    acc[i] += w[i] * x[i];
  }
#endif
}

static void group_s32(const NnDepthwise* layer, const NnRows* rows, const int16_t* w, const Ring* ring,
                      const int16_t* x, int16_t* y) {
  int32_t acc[4] = {rows->bias[0], rows->bias[1], rows->bias[2], rows->bias[3]};
  for (uint32_t tap = 0; tap < layer->taps; ++tap, w += 4) {
    add_tap(w, x, acc);
    x = next_tap(x, ring);
  }
  const int32_t lowest = layer->relu ? 0 : INT16_MIN;
  int32_t scaled[4];
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    scaled[i] = nn_requantise_s32(acc[i], rows->factor[i]);
  }
#pragma GCC unroll 4
  for (uint32_t i = 0; i < 4; ++i) {
    y[i] = (int16_t)(scaled[i] < lowest ? lowest : scaled[i]);
  }
}

// Weights that need it are rare: small before quick.
__attribute__((noinline, cold)) static void group_s64(const NnDepthwise* layer, const NnRows* rows, const int16_t* w,
                                                      const Ring* ring, const int16_t* x, int16_t* y) {
  int64_t acc[4] = {rows->bias[0], rows->bias[1], rows->bias[2], rows->bias[3]};
  for (uint32_t tap = 0; tap < layer->taps; ++tap, w += 4) {
    for (uint32_t i = 0; i < 4; ++i) {
      acc[i] += w[i] * x[i];
    }
    x = next_tap(x, ring);
  }
  for (uint32_t i = 0; i < 4; ++i) {
    const int32_t scaled = nn_requantise_s64(acc[i], rows->factor[i]);
    y[i] = (int16_t)(layer->relu ? nn_saturate_u15(scaled) : scaled);
  }
}

void nn_depthwise_s8s16(const NnDepthwise* layer, const int16_t* ring, uint32_t ring_columns, uint32_t newest_column,
                        uint32_t dilation, int16_t* y) {
  const uint32_t column_size = 4u * layer->row_groups, span = (layer->taps - 1u) * dilation;
  const uint32_t oldest = newest_column >= span ? newest_column - span : newest_column + ring_columns - span;
  const Ring walk = {ring + ring_columns * column_size, ring_columns * column_size, dilation * column_size};
  const int16_t* w = layer->weights;
  for (uint32_t group = 0; group < layer->row_groups; ++group, w += 4 * layer->taps, y += 4) {
    const int16_t* x = ring + oldest * column_size + 4 * group;
    if (layer->wide) {
      group_s64(layer, &layer->rows[group], w, &walk, x, y);
    } else {
      group_s32(layer, &layer->rows[group], w, &walk, x, y);
    }
  }
}

__attribute__((cold)) void nn_pack_depthwise_s8(const uint8_t* weight, const NnSlice* slice, uint32_t channels,
                                                uint32_t taps, int16_t* packed) {
  for (uint32_t channel = 0; channel < channels; channel += 4) {
    for (uint32_t tap = 0; tap < taps; ++tap) {
      for (uint32_t i = 0; i < 4; ++i) {
        *packed++ = channel + i < channels ? (int8_t)weight[nn_slice_place(slice, channel + i) * taps + tap] : 0;
      }
    }
  }
}
