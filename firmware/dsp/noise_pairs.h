// SPDX-License-Identifier: MIT
// The noise filter's matrix, made at start-up: it would take 1.5 KB of flash.
#ifndef LOTTAVA_DSP_NOISE_PAIRS_H_
#define LOTTAVA_DSP_NOISE_PAIRS_H_

#include "dsp/fir_pair.h"
#include "generated/dsp_tables.h"

namespace lottava {

// [j / 4][band][j % 4]: what a band adds to tap j + 1 and to its mirror; the last one, its own mirror, is halved.
extern float noise_pairs[kFirPairs / 4][DSP_NOISE_BANDS][4];

// 0.1 ms. The same values on any machine with IEEE doubles, NOISE_MATRIX of lottava/synth.py.
void FillNoisePairs();

}  // namespace lottava

#endif  // LOTTAVA_DSP_NOISE_PAIRS_H_
