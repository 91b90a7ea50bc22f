// SPDX-License-Identifier: MIT
// Four windows at once share each word of taps and of samples: 24 cycles a sample of 48 kHz from 24 kHz, 28 from 16, by
// the timing model. Loops in assembly would save 4 and 2 of them.
#include "dsp/upsampler.h"

#include <cstring>

#include "dsp/math.h"
#include "dsp/words.h"

namespace lottava {

namespace {

constexpr size_t kOlder = UPSAMPLE_WINDOW / 2 - 1;  // the input before the new samples
constexpr size_t kGroup = 4;
constexpr size_t kWindowWords = UPSAMPLE_WINDOW / 2 + 1;

template <size_t factor>
struct Filter;

template <>
struct Filter<2> {
  static constexpr float kSumUnit = UPSAMPLE_SUM_UNIT_2, kLineUnit = UPSAMPLE_LINE_UNIT_2;
  static constexpr const uint32_t (&kTaps)[1][kWindowWords][2] = upsample_taps_2;
};

template <>
struct Filter<3> {
  static constexpr float kSumUnit = UPSAMPLE_SUM_UNIT_3, kLineUnit = UPSAMPLE_LINE_UNIT_3;
  static constexpr const uint32_t (&kTaps)[2][kWindowWords][2] = upsample_taps_3;
};

struct WindowSums {
  int32_t a, b, c, d;
};

// Of the windows that begin at x, x + 1, x + 2 and x + 3; x: on a word, readable to x[35].
LOTTAVA_INLINE WindowSums SumWindows(const uint32_t (&taps)[kWindowWords][2], const int16_t* x) {
  WindowSums sums = {};
  uint32_t now = LoadPair(x);
#pragma GCC unroll 17
  for (size_t j = 0; j < kWindowWords; ++j) {
    const uint32_t next = LoadPair(x + 2 * j + 2);
    sums.a = DotPair(taps[j][0], now, sums.a);
    sums.b = DotPair(taps[j][1], now, sums.b);
    sums.c = DotPair(taps[j][0], next, sums.c);
    sums.d = DotPair(taps[j][1], next, sums.d);
    now = next;
  }
  return sums;
}

// The samples of one window: the new ones, then the input sample that they lead to.
template <size_t factor>
LOTTAVA_INLINE void Write(const int32_t (&sums)[factor - 1], int32_t older, int32_t newer, float* y) {
#pragma GCC unroll 2
  for (size_t p = 1; p < factor; ++p) {
    const int32_t line = static_cast<int32_t>(factor - p) * older + static_cast<int32_t>(p) * newer;
    y[p - 1] = static_cast<float>(sums[p - 1]) * Filter<factor>::kSumUnit +
               static_cast<float>(line) * Filter<factor>::kLineUnit;
  }
  y[factor - 1] = static_cast<float>(newer) * 0x1p-15f;
}

// y: factor samples for each of the four windows.
LOTTAVA_INLINE void Group(const uint32_t (&taps)[1][kWindowWords][2], const int16_t* x, float* y) {
  const WindowSums sums = SumWindows(taps[0], x);
  const int16_t* line = x + kOlder;
  Write<2>({sums.a}, line[0], line[1], y);
  Write<2>({sums.b}, line[1], line[2], y + 2);
  Write<2>({sums.c}, line[2], line[3], y + 4);
  Write<2>({sums.d}, line[3], line[4], y + 6);
}

LOTTAVA_INLINE void Group(const uint32_t (&taps)[2][kWindowWords][2], const int16_t* x, float* y) {
  const WindowSums first = SumWindows(taps[0], x), second = SumWindows(taps[1], x);
  const int16_t* line = x + kOlder;
  Write<3>({first.a, second.a}, line[0], line[1], y);
  Write<3>({first.b, second.b}, line[1], line[2], y + 3);
  Write<3>({first.c, second.c}, line[2], line[3], y + 6);
  Write<3>({first.d, second.d}, line[3], line[4], y + 9);
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
    Group(Filter<factor>::kTaps, samples_ + i, left < kGroup ? rest : y + factor * i);
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
