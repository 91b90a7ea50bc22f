// SPDX-License-Identifier: MIT
// Small programs that pin one rule of the timing model each: the model counts them, and a board can be asked.
//
// Each repeats its snippet BENCH_REPEATS times; the last few are kernels on small data. The same code gives the model's
// figure and the board's.
#ifndef LOTTAVA_BENCH_CASES_H_
#define LOTTAVA_BENCH_CASES_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_REPEATS = 256, BENCH_SCRATCH_BYTES = 1024, BENCH_NAME_BYTES = 24 };

typedef struct BenchMemory {
  void* scratch;       // BENCH_SCRATCH_BYTES in the fastest memory, at a multiple of 8
  const void* cached;  // 32 KB behind a data cache, only read
} BenchMemory;

// Cases that this processor can run; none where it is no Armv7E-M.
uint32_t bench_case_count(void);

// Shorter than BENCH_NAME_BYTES; NULL = no such case.
const char* bench_case_name(uint32_t number);

// What a case wants in `memory` before it is run; takes no part in its time.
void bench_case_prepare(uint32_t number, const BenchMemory* memory);

// At most 10 000 cycles, a fiftieth of a block. Does nothing where there is no such case.
void bench_case_run(uint32_t number, const BenchMemory* memory);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_BENCH_CASES_H_
