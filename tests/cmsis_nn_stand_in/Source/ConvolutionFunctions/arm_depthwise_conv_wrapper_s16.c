// SPDX-License-Identifier: MIT
// What CMSIS-NN 7's arm_depthwise_conv_wrapper_s16 computes for one column, height 1, no padding, its 32-bit sums included.
#include <arm_nnfunctions.h>
#include <stddef.h>

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s16(const cmsis_nn_context* ctx,
                                                   const cmsis_nn_dw_conv_params* dw_conv_params,
                                                   const cmsis_nn_per_channel_quant_params* quant_params,
                                                   const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                                   const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                   const cmsis_nn_dims* bias_dims, const int64_t* bias_data,
                                                   const cmsis_nn_dims* output_dims, int16_t* output_data) {
  const int32_t channels = input_dims->c, taps = filter_dims->w;
  (void)bias_dims;
  if (ctx->buf == NULL || ctx->size < 2 * taps * channels || dw_conv_params->ch_mult != 1 || output_dims->w != 1 ||
      input_dims->w != taps) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  for (int32_t c = 0; c < channels; ++c) {
    uint32_t sum = 0;
    for (int32_t tap = 0; tap < taps; ++tap) {
      sum += (uint32_t)(filter_data[tap * channels + c] * input_data[tap * channels + c]);
    }
    const int32_t multiplier = quant_params->multiplier[c];
    const int64_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    const int32_t halves = (int32_t)((((int32_t)sum + bias_data[c]) * reduced) >> (14 - quant_params->shift[c]));
    const int32_t y = (halves + 1) >> 1, least = dw_conv_params->activation.min, most = dw_conv_params->activation.max;
    output_data[c] = (int16_t)(y < least ? least : y > most ? most : y);
  }
  return ARM_CMSIS_NN_SUCCESS;
}
