// SPDX-License-Identifier: MIT
// nn/matmul.h on CMSIS-NN 7's arm_convolve_s16, for who builds with CMSIS_NN_DIR; same bits, no permuted weights.
//
// The products of all columns are one convolution: overlapping columns its windows over time, separate ones its
// strides. Its int64-bias form is our requantisation wherever 32 bits hold the accumulator. Beyond that it is not: it
// adds a single last column in 32 bits, and casts the scaled sum to 32 bits before it saturates; such matrices stay in
// plain C.
#include "nn/matmul.h"

#include <arm_nnfunctions.h>

#include "cmsis/s16.h"
#include "nn/arith.h"

CmsisScratch cmsis_scratch __attribute__((section(".axi")));

// Back from nn_requantise_factor, m16 << (17 + shift) with m16 in 2^14..2^15-1; a padding row's zero gives zero.
void cmsis_unfold(const NnRows* rows, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t factor = rows[i / 4].factor[i % 4];
    const int32_t left = factor ? 17 - __builtin_clz((uint32_t)factor) : 1;
    cmsis_scratch.bias[i] = rows[i / 4].bias[i % 4];
    cmsis_scratch.multiplier[i] = (factor >> left) << 16;
    cmsis_scratch.shift[i] = left - 17;
  }
}

static void convolve(const NnMatrix* matrix, const int16_t* x, int32_t channels, int32_t taps, int32_t stride,
                     int16_t* y, int32_t columns) {
  const int32_t rows = 4 * matrix->row_groups;
  const cmsis_nn_dims input = {1, 1, (columns - 1) * stride + taps, channels}, output = {1, 1, columns, rows};
  const cmsis_nn_dims filter = {rows, 1, taps, channels}, bias_dims = {1, 1, 1, rows};
  const cmsis_nn_context context = {cmsis_scratch.windows, (int32_t)sizeof cmsis_scratch.windows};
  const cmsis_nn_bias_data bias = {cmsis_scratch.bias, false};
  const cmsis_nn_per_channel_quant_params factors = {cmsis_scratch.multiplier, cmsis_scratch.shift};
  const cmsis_nn_conv_params parameters = {.stride = {stride, 1},
                                           .dilation = {1, 1},
                                           .activation = {matrix->relu ? 0 : INT16_MIN, INT16_MAX}};
  arm_convolve_s16(&context, &parameters, &factors, &input, x, &filter, (const int8_t*)matrix->weights, &bias_dims,
                   &bias, &output, y);
}

static void plain(const NnMatrix* matrix, const int16_t* x, int16_t* y) {
  const uint32_t fan_in = 4u * matrix->column_groups;
  const int8_t* w = (const int8_t*)matrix->weights;
  for (uint32_t row = 0; row < 4u * matrix->row_groups; ++row, w += fan_in) {
    int64_t acc = matrix->rows[row / 4].bias[row % 4];
    for (uint32_t i = 0; i < fan_in; ++i) {
      acc += w[i] * x[i];
    }
    const int32_t scaled = nn_requantise_s64(acc, matrix->rows[row / 4].factor[row % 4]);
    y[row] = (int16_t)(matrix->relu ? nn_saturate_u15(scaled) : scaled);
  }
}

void nn_matmul_s8s16(const NnMatrix* matrix, const int16_t* x, uint32_t x_stride, int16_t* y, uint32_t y_stride,
                     uint32_t columns) {
  const uint32_t rows = 4u * matrix->row_groups, fan_in = 4u * matrix->column_groups;
  if (matrix->wide || rows > CMSIS_MAX_ROWS || fan_in > CMSIS_MAX_FAN_IN) {
    for (; columns > 0; --columns, x += x_stride, y += y_stride) {
      plain(matrix, x, y);
    }
    return;
  }
  cmsis_unfold(matrix->rows, rows);
  if (columns > 0 && y_stride == rows && x_stride > 0 && fan_in % x_stride == 0) {
    convolve(matrix, x, (int32_t)x_stride, (int32_t)(fan_in / x_stride), 1, y, (int32_t)columns);
  } else if (columns > 0 && y_stride == rows && x_stride % fan_in == 0 && x_stride > 0) {
    convolve(matrix, x, (int32_t)fan_in, 1, (int32_t)(x_stride / fan_in), y, (int32_t)columns);
  } else {
    for (; columns > 0; --columns, x += x_stride, y += y_stride) {
      convolve(matrix, x, (int32_t)fan_in, 1, 1, y, 1);
    }
  }
}

// s8 [rows][taps][channels] in the first half of the memory, rows and channels padded with zeros to multiples of four.
void nn_pack_s8(const NnTaps* taps, int16_t* packed) {
  const uint32_t channels = taps->groups * taps->channels, padded = (channels + 3) / 4 * 4;
  int8_t* w = (int8_t*)packed;
  for (uint32_t row = 0; row < (taps->rows + 3) / 4 * 4; ++row) {
    const uint32_t first = row < taps->rows ? row / (taps->rows / taps->groups) * taps->channels : 0;
    for (uint32_t tap = 0; tap < taps->taps; ++tap) {
      for (uint32_t channel = 0; channel < padded; ++channel) {
        const uint32_t within = channel - first;
        *w++ = row < taps->rows && within < taps->channels ? (int8_t)*nn_weight_of(taps, row, tap, within) : 0;
      }
    }
  }
}
