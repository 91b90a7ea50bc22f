// SPDX-License-Identifier: MIT
#include "bench/naive.h"

#include "bench/requantise.h"

void bench_naive_convolve(const BenchConvolution* layer, const int16_t* x, int16_t* y, uint32_t columns) {
  for (uint32_t t = 0; t < columns; ++t) {
    for (uint32_t row = 0; row < layer->outputs; ++row) {
      int64_t acc = layer->bias[row];
      for (uint32_t tap = 0; tap < layer->kernel; ++tap) {
        for (uint32_t c = 0; c < layer->inputs; ++c) {
          acc += layer->weight[(row * layer->kernel + tap) * layer->inputs + c] * x[(t + tap) * layer->inputs + c];
        }
      }
      const int32_t multiplier = bench_reduced_multiplier(layer->multiplier[row]);
      y[t * layer->outputs + row] = bench_requantise(acc, multiplier, layer->shift[row]);
    }
  }
}
