// SPDX-License-Identifier: MIT
// The panel's voltages: seven CVs on pins of their own and sixteen nodes behind two 4051 multiplexers.
#pragma once
#include <cstdint>

namespace lottava::seed {

constexpr unsigned kCvCount = 7;
constexpr unsigned kMuxCount = 2, kMuxPositions = 8;

void AdcStart();

// Code of each CV input over the last 2 ms, or since its last step. Order of lottava/board.py: V_OCT, LEVEL, Z1 ..
const volatile std::uint16_t* CvCodes();

// Latest code of a multiplexer node; mux 0 = A (D24), 1 = B (D25).
std::uint16_t MuxCode(unsigned mux, unsigned position);

// Scans done since the start; all mux nodes are known after kMuxPositions of them.
std::uint32_t AdcScans();

}  // namespace lottava::seed
