// SPDX-License-Identifier: MIT
// Four channels at a time: the taps of one channel lie in different words, so that no product takes pairs.
#include "nn/depthwise.h"

#include "nn/arith.h"

static const int16_t* next_tap(const int16_t* x, uint32_t step, uint32_t ring_size, const int16_t* end) {
  x += step;
  return x >= end ? x - ring_size : x;
}

void nn_depthwise_s8s16(const NnDepthwise* layer, const int16_t* ring, uint32_t ring_columns, uint32_t newest_column,
                        uint32_t dilation, int16_t* y) {
  const uint32_t column_size = 4u * layer->row_groups, ring_size = ring_columns * column_size;
  const uint32_t span = (layer->taps - 1u) * dilation;
  const uint32_t oldest = newest_column >= span ? newest_column - span : newest_column + ring_columns - span;
  const int16_t* w = layer->weights;
  for (uint32_t group = 0; group < layer->row_groups; ++group) {
    const NnRows* rows = &layer->rows[group];
    int64_t acc[4] = {rows->bias[0], rows->bias[1], rows->bias[2], rows->bias[3]};
    const int16_t* x = ring + oldest * column_size + 4 * group;
    for (uint32_t tap = 0; tap < layer->taps; ++tap, w += 4) {
      for (uint32_t i = 0; i < 4; ++i) {
        acc[i] += w[i] * x[i];
      }
      x = next_tap(x, dilation * column_size, ring_size, ring + ring_size);
    }
    for (uint32_t i = 0; i < 4; ++i) {
      const int32_t scaled = nn_requantise_s64(acc[i], rows->factor[i]);
      *y++ = (int16_t)(layer->relu ? nn_saturate_u15(scaled) : scaled);
    }
  }
}

void nn_pack_depthwise_s8(const uint8_t* weight, uint32_t channels, uint32_t taps, int16_t* packed) {
  for (uint32_t channel = 0; channel < channels; channel += 4) {
    for (uint32_t tap = 0; tap < taps; ++tap) {
      for (uint32_t i = 0; i < 4; ++i) {
        *packed++ = channel + i < channels ? (int8_t)weight[(channel + i) * taps + tap] : 0;
      }
    }
  }
}
