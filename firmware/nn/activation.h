// SPDX-License-Identifier: MIT
// Activations by interpolated table, as lottava/fixedpoint.py defines them.
#ifndef LOTTAVA_NN_ACTIVATION_H_
#define LOTTAVA_NN_ACTIVATION_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A word for each 128 codes from -32768 up: the value there in the upper half, twice the step to the next one in
// the lower.
enum { NN_LUT_STEP_BITS = 7, NN_LUT_WORDS = 512 };
extern uint32_t nn_sigmoid_table[NN_LUT_WORDS], nn_tanh_table[NN_LUT_WORDS];  // empty until tables.h fills them

// Interpolated table at each of count values; x may be y; both 2-byte aligned.
void nn_lookup_s16(const uint32_t* table, const int16_t* x, int16_t* y, uint32_t count);

// max(x, 0); x may be y.
void nn_relu_s16(const int16_t* x, int16_t* y, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_ACTIVATION_H_
