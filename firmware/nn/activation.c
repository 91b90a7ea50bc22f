// SPDX-License-Identifier: MIT
// Tables and rectifier over whole columns, two values at a time on the Cortex-M7.
#include "nn/activation.h"

#include "nn/lookup.h"
#include "nn/pairs.h"

#if NN_HAS_DSP
#include "nn/pair_loops.h"
#endif

void nn_lookup_s16(const uint32_t* table, const int16_t* x, int16_t* y, uint32_t count) {
  uint32_t i = 0;
#if NN_HAS_DSP
  i = count & ~3u;
  if (i > 0) {
    nn_lookup_fours(table, x, y, i);
  }
#endif
  for (; i < count; ++i) {
    y[i] = (int16_t)nn_lookup(table, x[i]);
  }
}

void nn_relu_s16(const int16_t* x, int16_t* y, uint32_t count) {
  uint32_t i = 0;
#if NN_HAS_DSP
#pragma GCC unroll 2
  for (; i + 2 <= count; i += 2) {
    uint32_t pair;
    __asm("usat16 %0, #15, %1" : "=r"(pair) : "r"(nn_load_pair(x + i)));
    nn_store_pair(y + i, pair);
  }
#endif
  for (; i < count; ++i) {
    y[i] = x[i] > 0 ? x[i] : 0;
  }
}
