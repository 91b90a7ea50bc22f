// SPDX-License-Identifier: MIT
// Four inputs at once share each word of taps: two products a cycle, and three loads for eight of them.
#include "dsp/upsampler.h"

#include <cstring>

#include "dsp/math.h"
#include "dsp/words.h"

namespace lottava {

namespace {

constexpr size_t kWords = UPSAMPLE_WINDOW / 2 + 1;
constexpr size_t kOlder = UPSAMPLE_WINDOW / 2 - 1;  // the input before the new samples
constexpr size_t kGroup = 4;

template <size_t factor>
struct Filter;

template <>
struct Filter<2> {
  static constexpr float kSumUnit = UPSAMPLE_SUM_UNIT_2, kLineUnit = UPSAMPLE_LINE_UNIT_2;
  static constexpr const uint32_t (&kTaps)[1][kWords][2] = upsample_taps_2;
};

template <>
struct Filter<3> {
  static constexpr float kSumUnit = UPSAMPLE_SUM_UNIT_3, kLineUnit = UPSAMPLE_LINE_UNIT_3;
  static constexpr const uint32_t (&kTaps)[2][kWords][2] = upsample_taps_3;
};

// Sums of the windows that begin at x, x + 1, x + 2 and x + 3; x on a word, readable to x[35].
LOTTAVA_INLINE void WindowSums(const uint32_t (&taps)[kWords][2], const int16_t* x, int32_t (&sums)[kGroup]) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  uint32_t now = LoadPair(x);
#pragma GCC unroll 17
  for (size_t j = 0; j < kWords; ++j) {
    const uint32_t next = LoadPair(x + 2 * j + 2);
    a = DotPair(taps[j][0], now, a);
    b = DotPair(taps[j][1], now, b);
    c = DotPair(taps[j][0], next, c);
    d = DotPair(taps[j][1], next, d);
    now = next;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

// y: factor samples for each of the four windows.
template <size_t factor>
LOTTAVA_INLINE void Group(const int16_t* x, float* y) {
  int32_t sums[factor - 1][kGroup];
  for (size_t p = 1; p < factor; ++p) {
    WindowSums(Filter<factor>::kTaps[p - 1], x, sums[p - 1]);
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < kGroup; ++i) {
    const int32_t older = x[kOlder + i], newer = x[kOlder + i + 1];
#pragma GCC unroll 2
    for (size_t p = 1; p < factor; ++p) {
      const int32_t line = static_cast<int32_t>(factor - p) * older + static_cast<int32_t>(p) * newer;
      y[factor * i + p - 1] = static_cast<float>(sums[p - 1][i]) * Filter<factor>::kSumUnit +
                              static_cast<float>(line) * Filter<factor>::kLineUnit;
    }
    y[factor * i + factor - 1] = static_cast<float>(newer) * 0x1p-15f;
  }
}

}  // namespace

template <size_t factor>
void Upsampler<factor>::Init() {
  memset(this, 0, sizeof(*this));
}

template <size_t factor>
void Upsampler<factor>::ProcessBlock(const int16_t* x, float* y, size_t size) {
  memcpy(samples_ + kHistory, x, size * sizeof(*x));
  for (size_t i = 0; i < size; i += kGroup) {
    const size_t left = size - i;
    float rest[kGroup * factor];
    Group<factor>(samples_ + i, left < kGroup ? rest : y + factor * i);
    if (left < kGroup) {
      memcpy(y + factor * i, rest, factor * left * sizeof(*y));
    }
  }
  memmove(samples_, samples_ + size, kHistory * sizeof(samples_[0]));
}

template <size_t factor>
void Upsampler<factor>::Process(const int16_t* x, float* y, size_t size) {
  while (size > 0) {
    const size_t count = size < kMaxBlock ? size : kMaxBlock;
    ProcessBlock(x, y, count);
    x += count;
    y += factor * count;
    size -= count;
  }
}

template class Upsampler<2>;
template class Upsampler<3>;

}  // namespace lottava
