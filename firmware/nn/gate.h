// SPDX-License-Identifier: MIT
// tanh x sigmoid, the output of a gated convolution.
#ifndef LOTTAVA_NN_GATE_H_
#define LOTTAVA_NN_GATE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// z, condition (or NULL): [2 * size] at 2^-12, tanh's half first, added with saturation; y: [size] at 2^-15.
// 4-byte aligned; y may be neither of them.
void nn_gate_s16(const int16_t* z, const int16_t* condition, int16_t* y, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_GATE_H_
