// SPDX-License-Identifier: MIT
// One step of a GRU, PyTorch's equations, gates r, z, n at 2^-12, state at 2^-15.
#ifndef LOTTAVA_NN_GRU_H_
#define LOTTAVA_NN_GRU_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// gates_input, gates_hidden: [3 * size] requantised products; hidden: [size], updated in place.
void nn_gru_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_GRU_H_
