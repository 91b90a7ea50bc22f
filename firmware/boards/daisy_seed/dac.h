// SPDX-License-Identifier: MIT
// The two CV outputs: PITCH CV (D22, DAC1 channel 2), ENV CV (D23, channel 1).
#pragma once
#include <cstdint>

namespace lottava::seed {

void DacInit();
// Means from now on, in 1/16 of a 12-bit code, 0 .. 65520.
void DacWrite(std::uint16_t pitch, std::uint16_t envelope);

}  // namespace lottava::seed
