// SPDX-License-Identifier: MIT
// What CMSIS-NN 7's int64-bias arm_convolve_s16 computes for height 1 and no padding, its 32-bit sums included.
#include <arm_nnfunctions.h>
#include <stddef.h>

static int32_t requantise(int64_t acc, int32_t multiplier, int32_t shift) {
  const int32_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
  const int32_t halves = (int32_t)((acc * reduced) >> (14 - shift));
  return (halves + 1) >> 1;
}

arm_cmsis_nn_status arm_convolve_s16(const cmsis_nn_context* ctx, const cmsis_nn_conv_params* conv_params,
                                     const cmsis_nn_per_channel_quant_params* quant_params,
                                     const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                     const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                     const cmsis_nn_dims* bias_dims, const cmsis_nn_bias_data* bias_data,
                                     const cmsis_nn_dims* output_dims, int16_t* output_data) {
  const int32_t channels = input_dims->c, fan_in = filter_dims->w * channels;
  (void)bias_dims;
  if (ctx->buf == NULL || ctx->size < 4 * fan_in || bias_data->is_int32_bias || conv_params->dilation.w != 1 ||
      (output_dims->w - 1) * conv_params->stride.w + filter_dims->w > input_dims->w) {
    return ARM_CMSIS_NN_ARG_ERROR;
  }
  for (int32_t column = 0; column < output_dims->w; ++column) {
    const int16_t* x = input_data + column * conv_params->stride.w * channels;
    for (int32_t row = 0; row < output_dims->c; ++row) {
      uint32_t sum = 0;
      for (int32_t i = 0; i < fan_in; ++i) {
        sum += (uint32_t)(filter_data[row * fan_in + i] * x[i]);
      }
      const int64_t acc = (int32_t)sum + ((const int64_t*)bias_data->data)[row];
      const int32_t y = requantise(acc, quant_params->multiplier[row], quant_params->shift[row]);
      const int32_t least = conv_params->activation.min, most = conv_params->activation.max;
      *output_data++ = (int16_t)(y < least ? least : y > most ? most : y);
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}
