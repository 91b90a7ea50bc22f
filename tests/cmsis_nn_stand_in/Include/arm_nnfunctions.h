// SPDX-License-Identifier: MIT
// What the s16 adapters of firmware/cmsis use of CMSIS-NN 7's interface, so that tests can build it without a checkout.
#ifndef ARM_NNFUNCTIONS_H_
#define ARM_NNFUNCTIONS_H_

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int32_t w, h;
} cmsis_nn_tile;

typedef struct {
  void* buf;
  int32_t size;
} cmsis_nn_context;

typedef struct {
  const void* data;
  const bool is_int32_bias;
} cmsis_nn_bias_data;

typedef struct {
  int32_t n, h, w, c;
} cmsis_nn_dims;

typedef struct {
  int32_t *multiplier, *shift;
} cmsis_nn_per_channel_quant_params;

typedef struct {
  int32_t min, max;
} cmsis_nn_activation;

typedef struct {
  int32_t input_offset, output_offset;
  cmsis_nn_tile stride, padding, dilation;
  cmsis_nn_activation activation;
} cmsis_nn_conv_params;

typedef struct {
  int32_t input_offset, output_offset, ch_mult;
  cmsis_nn_tile stride, padding, dilation;
  cmsis_nn_activation activation;
} cmsis_nn_dw_conv_params;

typedef enum {
  ARM_CMSIS_NN_SUCCESS = 0,
  ARM_CMSIS_NN_ARG_ERROR = -1,
} arm_cmsis_nn_status;

arm_cmsis_nn_status arm_convolve_s16(const cmsis_nn_context* ctx, const cmsis_nn_conv_params* conv_params,
                                     const cmsis_nn_per_channel_quant_params* quant_params,
                                     const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                     const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                     const cmsis_nn_dims* bias_dims, const cmsis_nn_bias_data* bias_data,
                                     const cmsis_nn_dims* output_dims, int16_t* output_data);

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s16(const cmsis_nn_context* ctx,
                                                   const cmsis_nn_dw_conv_params* dw_conv_params,
                                                   const cmsis_nn_per_channel_quant_params* quant_params,
                                                   const cmsis_nn_dims* input_dims, const int16_t* input_data,
                                                   const cmsis_nn_dims* filter_dims, const int8_t* filter_data,
                                                   const cmsis_nn_dims* bias_dims, const int64_t* bias_data,
                                                   const cmsis_nn_dims* output_dims, int16_t* output_data);

#endif
