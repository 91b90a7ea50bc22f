// SPDX-License-Identifier: MIT
// f c is at 2^-27, i g at 2^-30: three bits are rounded off before they meet. Two units at a time on the Cortex-M7.
#include "nn/lstm.h"

#include "nn/lookup.h"

#if NN_HAS_DSP
// (f c + ((i g + 4) >> 3) + 2^14) >> 15, saturated; the last constant is added before the shift, times 8.
static inline __attribute__((always_inline)) uint32_t cell_pair(NnTops input, NnTops forget, NnTops candidate,
                                                                uint32_t cell) {
  const int32_t rounded = 4 + (8 << 14);
  const int32_t first = __smlatt(input.first, candidate.first, rounded) >> 3;
  const int32_t second = __smlatt(input.second, candidate.second, rounded) >> 3;
  const int32_t kept = nn_saturate_s16(__smlatb(forget.first, (int32_t)cell, first) >> 15);
  const int32_t kept_second = nn_saturate_s16(__smlatt(forget.second, (int32_t)cell, second) >> 15);
  return (uint32_t)(uint16_t)kept | (uint32_t)kept_second << 16;
}
#endif

static int32_t gate(const int16_t* gates_input, const int16_t* gates_hidden, uint32_t i) {
  return nn_saturate_s16(gates_input[i] + gates_hidden[i]);
}

void nn_lstm_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, int16_t* cell,
                      uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  for (; i + 2 <= size; i += 2) {
    NnTops gates[4];
    for (uint32_t j = 0; j < 4; ++j) {
      const uint32_t at = j * size + i;
      gates[j] = nn_lookup_pair(j == 2 ? nn_tanh_table : nn_sigmoid_table,
                                nn_add_pairs(nn_load_pair(gates_input + at), nn_load_pair(gates_hidden + at)));
    }
    const uint32_t kept = cell_pair(gates[0], gates[1], gates[2], nn_load_pair(cell + i));
    nn_store_pair(cell + i, kept);
    const NnTops shown = nn_lookup_pair(nn_tanh_table, kept);
    nn_store_pair(hidden + i, nn_pack_q15(__smlatt(gates[3].first, shown.first, 1 << 14),
                                          __smlatt(gates[3].second, shown.second, 1 << 14)));
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
