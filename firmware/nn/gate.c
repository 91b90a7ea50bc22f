// SPDX-License-Identifier: MIT
// The product of two values at 2^-15 is rounded once.
#include "nn/gate.h"

#include <stddef.h>

#include "nn/lookup.h"

static int16_t gate(int32_t signal, int32_t gate) {
  return (int16_t)((nn_lookup(nn_tanh_table, signal) * nn_lookup(nn_sigmoid_table, gate) + (1 << 14)) >> 15);
}

#if NN_HAS_DSP
static inline __attribute__((always_inline)) void gate_pair(uint32_t signal, uint32_t gate, int16_t* y) {
  const NnTops tanh = nn_lookup_pair(nn_tanh_table, signal), sigmoid = nn_lookup_pair(nn_sigmoid_table, gate);
  nn_store_pair(y, nn_pack_q15(__smlatt(tanh.first, sigmoid.first, 1 << 14),
                               __smlatt(tanh.second, sigmoid.second, 1 << 14)));
}
#endif

void nn_gate_s16(const int16_t* z, const int16_t* condition, int16_t* y, uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  if (condition == NULL) {
    for (; i + 2 <= size; i += 2) {
      gate_pair(nn_load_pair(z + i), nn_load_pair(z + size + i), y + i);
    }
  } else {
    for (; i + 2 <= size; i += 2) {
      gate_pair(nn_add_pairs(nn_load_pair(z + i), nn_load_pair(condition + i)),
                nn_add_pairs(nn_load_pair(z + size + i), nn_load_pair(condition + size + i)), y + i);
    }
  }
#endif
  for (; i < size; ++i) {
    const int32_t signal = condition == NULL ? 0 : condition[i], opening = condition == NULL ? 0 : condition[size + i];
    y[i] = gate(nn_saturate_s16(z[i] + signal), nn_saturate_s16(z[size + i] + opening));
  }
}
