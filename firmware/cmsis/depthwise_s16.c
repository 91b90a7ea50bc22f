// SPDX-License-Identifier: MIT
// nn/depthwise.h on CMSIS-NN 7's arm_depthwise_conv_wrapper_s16, a column at a time; matmul_s16.c says what is exact.
#include "nn/depthwise.h"

#include <arm_nnfunctions.h>

#include "cmsis/s16.h"
#include "nn/arith.h"
#include "nn/columns.h"

static void plain(const NnDepthwise* layer, const int16_t* ring, uint32_t ring_columns, uint32_t newest_column,
                  uint32_t dilation, int16_t* y) {
  const uint32_t channels = 4u * layer->row_groups, span = (layer->taps - 1u) * dilation;
  const int8_t* w = (const int8_t*)layer->weights;
  for (uint32_t channel = 0; channel < channels; ++channel) {
    const NnRows* rows = &layer->rows[channel / 4];
    int64_t acc = rows->bias[channel % 4];
    for (uint32_t tap = 0; tap < layer->taps; ++tap) {
      const uint32_t column = (newest_column + ring_columns - span + tap * dilation) % ring_columns;
      acc += w[tap * channels + channel] * ring[column * channels + channel];
    }
    const int32_t scaled = nn_requantise_s64(acc, rows->factor[channel % 4]);
    y[channel] = (int16_t)(layer->relu ? nn_saturate_u15(scaled) : scaled);
  }
}

void nn_depthwise_s8s16(const NnDepthwise* layer, const int16_t* ring, uint32_t ring_columns, uint32_t newest_column,
                        uint32_t dilation, int16_t* y) {
  const int32_t channels = 4 * layer->row_groups, taps = layer->taps;
  if (layer->wide || channels > CMSIS_MAX_ROWS || channels * taps > CMSIS_MAX_FAN_IN) {
    plain(layer, ring, ring_columns, newest_column, dilation, y);
    return;
  }
  int16_t* window = cmsis_scratch.windows + CMSIS_MAX_FAN_IN;
  nn_gather_s16(ring, ring_columns, (uint32_t)channels, newest_column, (uint32_t)taps, dilation, 0, (uint32_t)channels,
                window);
  cmsis_unfold(layer->rows, (uint32_t)channels);
  const cmsis_nn_dims input = {1, 1, taps, channels}, output = {1, 1, 1, channels};
  const cmsis_nn_dims filter = {1, 1, taps, channels}, bias_dims = {1, 1, 1, channels};
  const cmsis_nn_context context = {cmsis_scratch.windows, CMSIS_MAX_FAN_IN * (int32_t)sizeof(int16_t)};
  const cmsis_nn_per_channel_quant_params factors = {cmsis_scratch.multiplier, cmsis_scratch.shift};
  const cmsis_nn_dw_conv_params parameters = {.ch_mult = 1,
                                              .stride = {1, 1},
                                              .dilation = {1, 1},
                                              .activation = {layer->relu ? 0 : INT16_MIN, INT16_MAX}};
  arm_depthwise_conv_wrapper_s16(&context, &parameters, &factors, &input, window, &filter,
                                 (const int8_t*)layer->weights, &bias_dims, cmsis_scratch.bias, &output, y);
}

// s8 [taps][channels], channels padded with zeros to a multiple of four.
void nn_pack_depthwise_s8(const uint8_t* weight, const NnSlice* slice, uint32_t channels, uint32_t taps,
                          int16_t* packed) {
  int8_t* w = (int8_t*)packed;
  for (uint32_t tap = 0; tap < taps; ++tap) {
    for (uint32_t channel = 0; channel < (channels + 3) / 4 * 4; ++channel) {
      *w++ = channel < channels ? (int8_t)weight[nn_slice_place(slice, channel) * taps + tap] : 0;
    }
  }
}
