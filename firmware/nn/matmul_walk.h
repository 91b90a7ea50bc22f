// SPDX-License-Identifier: MIT
// How the inner loops of nn_matmul_s8s16 walk a row on the Cortex-M7: unrolled, with no loop in a row of usual length.
//
// A multiply-accumulate takes a cycle and pairs with one load. Two rows of two columns need just that load each, four
// rows of one column five loads for four of them; so any loop control would cost extra cycles, and a loop's end 6 more
// (a misprediction). Hence the column groups of a row block stand unrolled, FLAT of them and the last one, and are
// entered where the row's length says; the jump goes to the same place throughout a call, which the branch target cache
// predicts. Longer rows pass ROLLED groups at a time through a loop first.
//
// Pointers to weights and activations are moved back by the groups that are skipped. What is loaded needs two cycles
// to reach a multiplication. Loads ahead of the last group fetch what lies behind the weights and activations, unused.
#ifndef LOTTAVA_NN_MATMUL_WALK_H_
#define LOTTAVA_NN_MATMUL_WALK_H_

#include "nn/matmul.h"

#define NN_FLAT 24
#define NN_ROLLED 8
#define NN_STRING(value) NN_STRING_OF(value)
#define NN_STRING_OF(value) #value

// How a row of `groups` column groups is walked: `chunks` turns of the loop, then FLAT - skipped groups, then the last.
typedef struct NnWalk {
  uint32_t chunks, skipped;
} NnWalk;

static inline NnWalk nn_walk(uint32_t groups) {
  const uint32_t chunks = groups > NN_FLAT + 1 ? (groups - 1 - NN_FLAT + NN_ROLLED - 1) / NN_ROLLED : 0;
  const NnWalk walk = {chunks, NN_FLAT + 1 + chunks * NN_ROLLED - groups};
  return walk;
}

#define NN_REPEAT(count, group) ".set g, 0\n\t.rept " count "\n\t" group ".set g, g + 1\n\t.endr\n\t"

// Saturate to s16, or to what a rectifier leaves.
#define NN_CLAMP(value)                               \
  ".if %c[relu]\n\tusat " value ", #15, " value "\n\t" \
  ".else\n\tssat " value ", #16, " value "\n\t.endif\n\t"

#endif  // LOTTAVA_NN_MATMUL_WALK_H_
