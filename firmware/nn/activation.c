// SPDX-License-Identifier: MIT
// Tables and rectifier over whole columns.
#include "nn/activation.h"

#include "nn/lookup.h"

void nn_lookup_s16(const uint32_t* table, const int16_t* x, int16_t* y, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = (int16_t)nn_lookup(table, x[i]);
  }
}

void nn_relu_s16(const int16_t* x, int16_t* y, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    y[i] = x[i] > 0 ? x[i] : 0;
  }
}
