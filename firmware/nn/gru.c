// SPDX-License-Identifier: MIT
// Sigmoid and tanh by interpolated table, two units at a time on the Cortex-M7.
#include "nn/gru.h"

#include "nn/lookup.h"

#if NN_HAS_DSP
#include "nn/cell_loops.h"
#endif

void nn_gru_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  i = size & ~1u;
  if (i > 0) {
    nn_gru_pairs(gates_input, gates_hidden, hidden, size, i);
  }
#endif
  for (; i < size; ++i) {
    const int32_t reset = nn_lookup(nn_sigmoid_table, nn_saturate_s16(gates_input[i] + gates_hidden[i]));
    const int32_t update =
        nn_lookup(nn_sigmoid_table, nn_saturate_s16(gates_input[size + i] + gates_hidden[size + i]));
    const int32_t recalled = (reset * gates_hidden[2 * size + i] + (1 << 14)) >> 15;
    const int32_t candidate = nn_lookup(nn_tanh_table, nn_saturate_s16(gates_input[2 * size + i] + recalled));
    const int32_t mixed = ((1 << 15) - update) * candidate + update * hidden[i];
    hidden[i] = (int16_t)nn_saturate_s16((mixed + (1 << 14)) >> 15);
  }
}
