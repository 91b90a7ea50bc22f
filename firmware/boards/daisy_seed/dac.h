// SPDX-License-Identifier: MIT
// The two CV outputs: 12-bit codes, 0 = PITCH CV (D23), 1 = ENV CV (D22).
#pragma once
#include <cstdint>

namespace lottava::seed {

void DacInit();
void DacWrite(unsigned channel, std::uint16_t code);

}  // namespace lottava::seed
