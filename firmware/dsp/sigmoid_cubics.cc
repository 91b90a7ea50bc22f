// SPDX-License-Identifier: MIT
// Taylor series of s = sigmoid(x) and f = 2 s^ln(10) from one piece's middle to the next, by s' = s (1 - s) and
// f' = ln(10) (1 - s) f, in doubles: sums and products only, whose rounding IEEE 754 fixes.
#include "dsp/sigmoid_cubics.h"

namespace lottava {
namespace {

constexpr size_t kTerms = 14;  // the first that is left out is 2^-58 of the value at most
constexpr double kLn10 = 2.302585092994046, kStep = 1.0 / 8, kHalf = kStep / 2, kCodesPerUnit = 2048.0;
constexpr double kFloor = 1e-7;
constexpr double kFirstSigmoid = 8.071593553406995e-10, kFirstValue = 2.309563965086469e-21;  // at -21 + 1/16

struct Series {
  double sigmoid[kTerms], value[kTerms];
};

void Derive(Series* series) {
  double *s = series->sigmoid, *f = series->value;
  for (size_t n = 0; n + 1 < kTerms; ++n) {
    double ss = 0.0, sf = 0.0;
    for (size_t i = 0; i <= n; ++i) {
      ss += s[i] * s[n - i];
      sf += s[i] * f[n - i];
    }
    s[n + 1] = (s[n] - ss) / static_cast<double>(n + 1);
    f[n + 1] = kLn10 * (f[n] - sf) / static_cast<double>(n + 1);
  }
}

double At(const double* terms, double x) {
  double y = 0.0;
  for (size_t n = kTerms; n-- > 0;) y = y * x + terms[n];
  return y;
}

// The cubic that meets the series in the four Chebyshev nodes, where x^4 = h^2 x^2 - h^4 / 8.
void Reduce(double* terms) {
  for (size_t n = kTerms; n-- > 4;) {
    terms[n - 2] += kHalf * kHalf * terms[n];
    terms[n - 4] -= kHalf * kHalf * kHalf * kHalf / 8 * terms[n];
  }
}

}  // namespace

float sigmoid_cubics[DSP_SIGMOID_PIECES][4];

void FillSigmoidCubics() {
  Series series;
  series.sigmoid[0] = kFirstSigmoid;
  series.value[0] = kFirstValue;
  for (auto& cubic : sigmoid_cubics) {
    Derive(&series);
    const double sigmoid = At(series.sigmoid, kStep), value = At(series.value, kStep);
    Reduce(series.value);
    double unit = 1.0;
    for (size_t power = 0; power < 4; ++power, unit /= kCodesPerUnit) {
      cubic[power] = static_cast<float>(series.value[power] * unit + (power == 0 ? kFloor : 0.0));
    }
    series.sigmoid[0] = sigmoid;
    series.value[0] = value;
  }
}

}  // namespace lottava
