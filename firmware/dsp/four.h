// SPDX-License-Identifier: MIT
// Four floats that take the same steps side by side: what one waits for its last step, the others use.
#ifndef LOTTAVA_DSP_FOUR_H_
#define LOTTAVA_DSP_FOUR_H_

#include <cstddef>

#include "dsp/math.h"

namespace lottava {

// Members and no array, which the compiler would keep in memory.
struct Four {
  float a, b, c, d;
};

LOTTAVA_INLINE Four All(float x) { return {x, x, x, x}; }

LOTTAVA_INLINE Four Multiply(const Four& x, const Four& y) { return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d}; }

LOTTAVA_INLINE Four Subtract(const Four& x, const Four& y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }

LOTTAVA_INLINE Four Fma(const Four& x, const Four& y, const Four& z) {
  return {Fma(x.a, y.a, z.a), Fma(x.b, y.b, z.b), Fma(x.c, y.c, z.c), Fma(x.d, y.d, z.d)};
}

template <size_t first = 0, size_t size>
LOTTAVA_INLINE Four Polynomial(const float (&coefficients)[size], const Four& x) {
  if constexpr (first + 1 == size) {
    return All(coefficients[first]);
  } else {
    return Fma(Polynomial<first + 1>(coefficients, x), x, All(coefficients[first]));
  }
}

}  // namespace lottava

#endif  // LOTTAVA_DSP_FOUR_H_
