// SPDX-License-Identifier: MIT
// A band's magnitudes rise and fall linearly over two bins, so that its impulse response is one cosine times 1 + cos(a),
// a = 2 pi n / 64 at n taps from the middle; the Hann window is half of the same again.
#include "dsp/noise_pairs.h"

namespace lottava {
namespace {

constexpr unsigned kPeriod = DSP_NOISE_TAPS, kQuarter = kPeriod / 4;
constexpr double kFirstCosine = 0.9951847266721969;  // of 2 pi / 64

// cos(2 pi n / kPeriod) from its first quarter.
double Cosine(const double* quarter, unsigned n) {
  n %= kPeriod;
  if (n > kPeriod / 2) n = kPeriod - n;
  return n <= kQuarter ? quarter[n] : 0.0 - quarter[kPeriod / 2 - n];
}

}  // namespace

float noise_pairs[kFirPairs / 4][DSP_NOISE_BANDS][4];

void FillNoisePairs() {
  double quarter[kQuarter + 1] = {1.0, kFirstCosine};
  for (unsigned n = 2; n < kQuarter; ++n) quarter[n] = 2.0 * kFirstCosine * quarter[n - 1] - quarter[n - 2];
  quarter[kQuarter] = 0.0;
  for (unsigned j = 0; j < kFirPairs; ++j) {
    const unsigned from_middle = kFirPairs - 1 - j;
    const double shape = 1.0 + Cosine(quarter, from_middle);
    for (unsigned band = 0; band < DSP_NOISE_BANDS; ++band) {
      const bool is_outer = band == 0 || band == DSP_NOISE_BANDS - 1;
      const double share = (is_outer ? 0.5 : 1.0) * (from_middle == 0 ? 0.5 : 1.0) / kPeriod;
      const double tap = Cosine(quarter, 2 * band * from_middle) * shape * shape * share;
      noise_pairs[j / 4][band][j % 4] = static_cast<float>(tap);
    }
  }
}

}  // namespace lottava
