// SPDX-License-Identifier: MIT
// The chip as a whole: its number, its cycle counter, a reset, and a stretch without interrupts.
#pragma once
#include <cstdint>

#include "boards/daisy_seed/registers.h"

namespace lottava::seed {

constexpr Address kUniqueNumber = 0x1FF1E800;  // RM0433 61.1, 12 bytes
constexpr unsigned kUniqueNumberBytes = 12;

// Counts core cycles from the first call of CycleCounterInit (Armv7-M C1.8; the lock is the M7's own).
inline void CycleCounterInit() {
  SetBits(0xE000EDFC, Bit(24));
  Reg(0xE0001FB0) = 0xC5ACCE55;
  SetBits(0xE0001000, Bit(0));
}

inline std::uint32_t CycleCount() { return Reg(0xE0001004); }

[[noreturn]] inline void Reset() {
  Barrier();
  Reg(kScb + 0x0C) = 0x05FA0004;
  Barrier();
  for (;;) {
  }
}

// While one lives, no interrupt runs. Keep it short: the next block is due in a millisecond.
class InterruptLock {
 public:
  InterruptLock() { __asm volatile("cpsid i" ::: "memory"); }
  ~InterruptLock() { __asm volatile("cpsie i" ::: "memory"); }
  InterruptLock(const InterruptLock&) = delete;
  InterruptLock& operator=(const InterruptLock&) = delete;
};

}  // namespace lottava::seed
