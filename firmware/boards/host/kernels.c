// SPDX-License-Identifier: MIT
// Inline kernels as functions that a test can call.
#include "boards/host/host.h"
#include "nn/arith.h"
#include "nn/matmul.h"

void lottava_nn_requantise(const int64_t* acc, int32_t multiplier, int32_t shift, int16_t* y, size_t size, int wide) {
  const int32_t factor = nn_requantise_factor(multiplier, shift);
  for (size_t i = 0; i < size; ++i) {
    y[i] = (int16_t)(wide ? nn_requantise_s64(acc[i], factor) : nn_requantise_s32((int32_t)acc[i], factor));
  }
}

void lottava_nn_pack(const int8_t* weight, uint32_t rows, uint32_t columns, int16_t* packed) {
  const NnTaps taps = {(const uint8_t*)weight, rows, 1, columns, 1, (int32_t)columns, 0, 0, NULL, NULL};
  nn_pack_s8(&taps, packed);
}
