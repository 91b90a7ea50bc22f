// SPDX-License-Identifier: MIT
// One step of an LSTM, PyTorch's equations, gates i, f, g, o and cell state at 2^-12, hidden state at 2^-15.
#ifndef LOTTAVA_NN_LSTM_H_
#define LOTTAVA_NN_LSTM_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// gates_input, gates_hidden: [4 * size] requantised products; hidden, cell: [size], updated in place. 4-byte aligned.
void nn_lstm_cell_s16(const int16_t* gates_input, const int16_t* gates_hidden, int16_t* hidden, int16_t* cell,
                      uint32_t size);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_LSTM_H_
