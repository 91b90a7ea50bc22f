// SPDX-License-Identifier: MIT
// Windows of a convolution, copied from the ring of its input's newest columns.
#ifndef LOTTAVA_NN_COLUMNS_H_
#define LOTTAVA_NN_COLUMNS_H_

#include <stdint.h>
#include <string.h>

#include "nn/arith.h"

#ifdef __cplusplus
extern "C" {
#endif

// A multiple of four values; `to` may lie before `from` in the same memory. Most columns are short, and a call of
// memmove, which lies in flash, takes longer than copying up to 64 values.
static inline void nn_copy_columns(int16_t* to, const int16_t* from, uint32_t values) {
  if (values > 64) {
    memmove(to, from, values * sizeof(int16_t));
    return;
  }
#if NN_HAS_DSP
  for (; values > 0; values -= 4) {
    uint32_t first, second;
    __asm volatile(
        "ldrd %[first], %[second], [%[from]], #8\n\t"
        "strd %[first], %[second], [%[to]], #8"
        : [first] "=&r"(first), [second] "=&r"(second), [from] "+r"(from), [to] "+r"(to)
        :
        : "memory");
  }
#else
  memmove(to, from, values * sizeof(int16_t));
#endif
}

// window[tap][width]: `width` values from `offset` of columns newest - (taps - 1) * dilation .. newest, oldest first.
// ring: ring_columns columns of column_size values; (taps - 1) * dilation < ring_columns, newest_column < ring_columns.
// column_size, offset and width are multiples of 4; ring and window are 4-byte aligned.
void nn_gather_s16(const int16_t* ring, uint32_t ring_columns, uint32_t column_size, uint32_t newest_column,
                   uint32_t taps, uint32_t dilation, uint32_t offset, uint32_t width, int16_t* window);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_COLUMNS_H_
