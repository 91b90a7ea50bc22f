// SPDX-License-Identifier: MIT
// y = requantise(weight x + bias), s8 weights, s16 activations, four rows at a time.
//
// Weights are widened to s16 when they are loaded: twice the memory, for 10 instead of 13 cycles every 16 products,
// because a multiply-accumulate takes pairs of s16 and unpacking s8 competes with it.
#ifndef LOTTAVA_NN_MATVEC_H_
#define LOTTAVA_NN_MATVEC_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Four rows, as the kernel wants them; a padding row has zero bias and factor and so gives zero.
typedef struct NnRows {
  int32_t bias[4];
  int32_t factor[4];
} NnRows;

typedef struct NnMatrix {
  const int16_t* weights;  // [row_groups][column_groups][4 rows][4 columns]
  const NnRows* rows;
  uint16_t row_groups, column_groups;
  uint8_t wide;  // 64-bit accumulators
  uint8_t relu;
} NnMatrix;

// x: 4 * column_groups values, the padding zero; y: 4 * row_groups values. Both 4-byte aligned.
void nn_matvec_s8s16(const NnMatrix* matrix, const int16_t* x, int16_t* y);

// s8 [rows][columns] to the order of NnMatrix.weights, zero where padded; both counts rounded up to 4. Every weight
// lands in exactly one place.
void nn_pack_s8(const uint8_t* weight, uint32_t rows, uint32_t columns, int16_t* packed);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_MATVEC_H_
