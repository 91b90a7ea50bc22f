// SPDX-License-Identifier: MIT
// f c is at 2^-27, i g at 2^-30: three bits are rounded off before they meet. Two units at a time on the Cortex-M7.
#include "nn/lstm.h"

#include "nn/lookup.h"

#if NN_HAS_DSP
#include "nn/cell_loops.h"
#endif

static int32_t gate(const int16_t* gates_input, const int16_t* gates_hidden, uint32_t i) {
  return nn_saturate_s16(gates_input[i] + gates_hidden[i]);
}

void nn_lstm_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, int16_t* cell,
                      uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  i = size & ~1u;
  if (i > 0) {
    nn_lstm_pairs(gates_input, gates_hidden, hidden, cell, size, i);
  }
#endif
  for (; i < size; ++i) {
    const int32_t input = nn_lookup(nn_sigmoid_table, gate(gates_input, gates_hidden, i));
    const int32_t forget = nn_lookup(nn_sigmoid_table, gate(gates_input, gates_hidden, size + i));
    const int32_t candidate = nn_lookup(nn_tanh_table, gate(gates_input, gates_hidden, 2 * size + i));
    const int32_t output = nn_lookup(nn_sigmoid_table, gate(gates_input, gates_hidden, 3 * size + i));
    const int32_t written = (input * candidate + 4) >> 3;
    const int32_t kept = nn_saturate_s16((forget * cell[i] + written + (1 << 14)) >> 15);
    cell[i] = (int16_t)kept;
    hidden[i] = (int16_t)((output * nn_lookup(nn_tanh_table, kept) + (1 << 14)) >> 15);
  }
}
