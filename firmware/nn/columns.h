// SPDX-License-Identifier: MIT
// Windows of a convolution, copied from the ring of its input's newest columns.
#ifndef LOTTAVA_NN_COLUMNS_H_
#define LOTTAVA_NN_COLUMNS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// window[tap][width]: `width` values from `offset` of columns newest - (taps - 1) * dilation .. newest, oldest first.
// ring: ring_columns columns of column_size values; (taps - 1) * dilation < ring_columns, newest_column < ring_columns.
// column_size, offset and width are multiples of 4; ring and window are 4-byte aligned.
void nn_gather_s16(const int16_t* ring, uint32_t ring_columns, uint32_t column_size, uint32_t newest_column,
                   uint32_t taps, uint32_t dilation, uint32_t offset, uint32_t width, int16_t* window);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_COLUMNS_H_
