// SPDX-License-Identifier: MIT
// Sums, products and copies of whole columns. Pointers are 2-byte aligned; y may be one of the operands.
#ifndef LOTTAVA_NN_ELEMENTWISE_H_
#define LOTTAVA_NN_ELEMENTWISE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// y = sat((sum of parts[i] << left_shifts[i], rounded) >> shift); 1..4 parts, 0 <= shift <= 15, the sum fits 32 bits.
void nn_add_s16(const int16_t* const* parts, const uint8_t* left_shifts, uint32_t part_count, uint32_t shift,
                int16_t* y, uint32_t count);

// y = sat((a b, rounded) >> shift), 1 <= shift <= 30.
void nn_multiply_s16(const int16_t* a, const int16_t* b, uint32_t shift, int16_t* y, uint32_t count);

// y = (x, rounded) >> shift, 0 <= shift <= 15: the copy of a concat or a split.
void nn_rescale_s16(const int16_t* x, uint32_t shift, int16_t* y, uint32_t count);

// y = from + (((to - from) weight, rounded) >> 15), 0 <= weight < 2^15.
void nn_interpolate_s16(const int16_t* from, const int16_t* to, uint32_t weight, int16_t* y, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_ELEMENTWISE_H_
