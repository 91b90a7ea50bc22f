// SPDX-License-Identifier: MIT
// The product of two values at 2^-15 is rounded once.
#include "nn/gate.h"

#include <stddef.h>

#include "nn/lookup.h"

#if NN_HAS_DSP
#include "nn/pair_loops.h"
#endif

static int16_t gate(int32_t signal, int32_t gate) {
  return (int16_t)((nn_lookup(nn_tanh_table, signal) * nn_lookup(nn_sigmoid_table, gate) + (1 << 14)) >> 15);
}

void nn_gate_s16(const int16_t* z, const int16_t* condition, int16_t* y, uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  i = size & ~1u;
  if (i > 0 && condition == NULL) {
    nn_gate_pairs(z, size, y, i);
  } else if (i > 0) {
    nn_gate_condition_pairs(z, condition, size, y, i);
  }
#endif
  for (; i < size; ++i) {
    const int32_t signal = condition == NULL ? 0 : condition[i], opening = condition == NULL ? 0 : condition[size + i];
    y[i] = gate(nn_saturate_s16(z[i] + signal), nn_saturate_s16(z[size + i] + opening));
  }
}
