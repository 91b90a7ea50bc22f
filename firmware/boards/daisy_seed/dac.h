// SPDX-License-Identifier: MIT
// The two CV outputs: 12-bit codes, 0 = PITCH CV (D22, DAC1 channel 2), 1 = ENV CV (D23, channel 1).
#pragma once
#include <cstdint>

namespace lottava::seed {

void DacInit();
void DacWrite(unsigned channel, std::uint16_t code);

}  // namespace lottava::seed
