// SPDX-License-Identifier: MIT
// Sigmoid and tanh by interpolated table, two units at a time on the Cortex-M7.
#include "nn/gru.h"

#include "nn/lookup.h"

#if NN_HAS_DSP
// 1 - sigmoid at 2^-15 in the upper half: what is below it borrows nothing. It fits s16, as sigmoid is 11 at least.
static inline int32_t complement(int32_t top) { return (int32_t)(0x8000FFFFu - (uint32_t)top); }

// r, z and n of the input, r, z and n of the state, each as a pair; returns the new state, which can't overflow.
static inline __attribute__((always_inline)) uint32_t cell_pair(const uint32_t input[3], const uint32_t state[3],
                                                                uint32_t hidden) {
  const int32_t half = 1 << 14;
  const NnTops reset = nn_lookup_pair(nn_sigmoid_table, nn_add_pairs(input[0], state[0]));
  const uint32_t recalled = nn_pack_q15(__smlatb(reset.first, (int32_t)state[2], half),
                                        __smlatt(reset.second, (int32_t)state[2], half));
  const NnTops candidate = nn_lookup_pair(nn_tanh_table, nn_add_pairs(input[2], recalled));
  const NnTops update = nn_lookup_pair(nn_sigmoid_table, nn_add_pairs(input[1], state[1]));
  const int32_t first = __smlatb(update.first, (int32_t)hidden, half);
  const int32_t second = __smlatt(update.second, (int32_t)hidden, half);
  return nn_pack_q15(__smlatt(complement(update.first), candidate.first, first),
                     __smlatt(complement(update.second), candidate.second, second));
}
#endif

void nn_gru_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, uint32_t size) {
  uint32_t i = 0;
#if NN_HAS_DSP
  for (; i + 2 <= size; i += 2) {
    const int16_t *from = gates_input + i, *back = gates_hidden + i;
    const uint32_t input[3] = {nn_load_pair(from), nn_load_pair(from + size), nn_load_pair(from + 2 * size)};
    const uint32_t state[3] = {nn_load_pair(back), nn_load_pair(back + size), nn_load_pair(back + 2 * size)};
    nn_store_pair(hidden + i, cell_pair(input, state, nn_load_pair(hidden + i)));
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
