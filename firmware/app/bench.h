// SPDX-License-Identifier: MIT
// What the console needs to measure small programs: the board has the counter.
#ifndef LOTTAVA_APP_BENCH_H_
#define LOTTAVA_APP_BENCH_H_

#include <cstdint>

namespace lottava {

// All null where a board measures nothing; it then lacks the capability, too.
struct BenchCases {
  uint32_t (*count)();
  const char* (*name)(uint32_t number);
  uint32_t (*cycles)(uint32_t number);  // runs the case twice, with interrupts off each time; the second one's cycles
};

}  // namespace lottava

#endif  // LOTTAVA_APP_BENCH_H_
