// SPDX-License-Identifier: MIT
// The cubics that stand for the exponentiated sigmoid, made at start-up: they would take 4 KB of flash.
#ifndef LOTTAVA_DSP_SIGMOID_CUBICS_H_
#define LOTTAVA_DSP_SIGMOID_CUBICS_H_

#include <cstddef>

#include "generated/dsp_tables.h"

namespace lottava {

// One an eighth, coefficients ascending; the variable is the distance from its middle in control codes.
extern float sigmoid_cubics[DSP_SIGMOID_PIECES][4];

// 0.2 ms. The same values on any machine with IEEE doubles.
void FillSigmoidCubics();

}  // namespace lottava

#endif  // LOTTAVA_DSP_SIGMOID_CUBICS_H_
