// SPDX-License-Identifier: MIT
// The product of two values at 2^-15 is rounded once.
#include "nn/gate.h"

#include <stddef.h>

#include "nn/lookup.h"

void nn_gate_s16(const int16_t* z, const int16_t* condition, int16_t* y, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    const int32_t signal = condition == NULL ? z[i] : nn_saturate_s16(z[i] + condition[i]);
    const int32_t gate = condition == NULL ? z[size + i] : nn_saturate_s16(z[size + i] + condition[size + i]);
    y[i] = (int16_t)((nn_lookup(nn_tanh_table, signal) * nn_lookup(nn_sigmoid_table, gate) + (1 << 14)) >> 15);
  }
}
