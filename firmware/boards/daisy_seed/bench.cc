// SPDX-License-Identifier: MIT
#include "boards/daisy_seed/bench.h"

#include "bench/cases.h"
#include "boards/daisy_seed/system.h"

namespace lottava::seed {
namespace {

// Two runs, the first of which fills caches and branch predictor; at most 21 us each without interrupts.
std::uint32_t Cycles(std::uint32_t number) {
  alignas(32) std::uint8_t scratch[BENCH_SCRATCH_BYTES];  // the stack lies in DTCM
  const BenchMemory memory = {scratch, reinterpret_cast<const void*>(0x24000000)};
  bench_case_prepare(number, &memory);
  std::uint32_t cycles = 0;
  for (unsigned run = 0; run < 2; ++run) {
    const InterruptLock lock;
    const std::uint32_t start = CycleCount();
    bench_case_run(number, &memory);
    cycles = CycleCount() - start;
  }
  return cycles;
}

}  // namespace

BenchCases MakeBenchCases() { return {bench_case_count, bench_case_name, Cycles}; }

}  // namespace lottava::seed
