// SPDX-License-Identifier: MIT
// Loops over pairs of recurrent units for the Cortex-M7; see pair_loops.h. `size` is that of the whole state.
//
// The new state of a GRU, (1 - z) n + z h, can't overflow; 1 - z comes from 0x8000FFFF minus a product whose upper half
// is z: what is below borrows nothing, and the result fits s16, as sigmoid is 11 at least.
#ifndef LOTTAVA_NN_CELL_LOOPS_H_
#define LOTTAVA_NN_CELL_LOOPS_H_

#include "nn/pair_loops.h"

// An even number of units, at least 2.
static inline void nn_gru_pairs(const int16_t* input, const int16_t* state, int16_t* hidden, uint32_t size,
                                uint32_t count) {
  const uint32_t *const tanh = nn_table_middle(nn_tanh_table), *const sigmoid = nn_table_middle(nn_sigmoid_table);
  const int16_t* const end = hidden + count;
  const uint32_t complement = 0x8000FFFFu;
  uint32_t t0, t1, t2, t3, t4, t5, t6, t7;
  __asm volatile(
      ".balign 8\n"
      "1:\n\t"
      "ldr.w %[t0], [%[input]]\n\t"
      "ldr.w %[t1], [%[state], %[size], lsl #1]\n\t"
      "ldr.w %[t2], [%[state]]\n\t"
      "qadd16 %[t2], %[t0], %[t2]\n\t"
      "ldr.w %[t0], [%[state], %[size]]\n\t"
      "asr.w %[t3], %[t2], #23\n\t"
      "ldr.w %[t4], [%[input], %[size]]\n\t"
      "sbfx %[t5], %[t2], #7, #9\n\t"
      "lsl.w %[t2], %[t2], #8\n\t"
      "qadd16 %[t4], %[t4], %[t0]\n\t"
      "ldr.w %[t3], [%[sigmoid], %[t3], lsl #2]\n\t"
      "and %[t2], %[t2], #0x7f007f00\n\t"
      "ldr.w %[t5], [%[sigmoid], %[t5], lsl #2]\n\t"
      "pkhtb %[t0], %[t3], %[one]\n\t"
      "smlabt %[t0], %[t3], %[t2], %[t0]\n\t"
      "pkhtb %[t3], %[t5], %[one]\n\t"
      "smlabb %[t3], %[t5], %[t2], %[t3]\n\t"
      "sbfx %[t5], %[t4], #7, #9\n\t"
      "asr.w %[t2], %[t4], #23\n\t"
      "mov.w %[t6], #0x4000\n\t"
      "smlatt %[t0], %[t0], %[t1], %[t6]\n\t"
      "lsl.w %[t4], %[t4], #8\n\t"
      "smlatb %[t6], %[t3], %[t1], %[t6]\n\t"
      "lsl.w %[t0], %[t0], #1\n\t"
      "ldr.w %[t3], %[tanh]\n\t"
      "and %[t4], %[t4], #0x7f007f00\n\t"
      "add.w %[state], %[state], #4\n\t"
      "pkhtb %[t0], %[t0], %[t6], asr #15\n\t"
      "ldr.w %[t6], [%[input], %[size], lsl #1]\n\t"
      "qadd16 %[t6], %[t6], %[t0]\n\t"
      "ldr.w %[t2], [%[sigmoid], %[t2], lsl #2]\n\t"
      "asr.w %[t0], %[t6], #23\n\t"
      "ldr.w %[t5], [%[sigmoid], %[t5], lsl #2]\n\t"
      "add.w %[input], %[input], #4\n\t"
      "lsl.w %[t1], %[t6], #8\n\t"
      "sbfx %[t6], %[t6], #7, #9\n\t"
      "ldr.w %[t0], [%[t3], %[t0], lsl #2]\n\t"
      "pkhtb %[t7], %[t5], %[one]\n\t"
      "smlabb %[t7], %[t5], %[t4], %[t7]\n\t"
      "and %[t1], %[t1], #0x7f007f00\n\t"
      "ldr.w %[t6], [%[t3], %[t6], lsl #2]\n\t"
      "pkhtb %[t3], %[t2], %[one]\n\t"
      "smlabt %[t3], %[t2], %[t4], %[t3]\n\t"
      "pkhtb %[t2], %[t0], %[one]\n\t"
      "ldr.w %[t4], [%[hidden]]\n\t"
      "pkhtb %[t5], %[t6], %[one]\n\t"
      "smlabb %[t5], %[t6], %[t1], %[t5]\n\t"
      "smlabt %[t2], %[t0], %[t1], %[t2]\n\t"
      "ldr.w %[t1], %[complement]\n\t"
      "mov.w %[t0], #0x4000\n\t"
      "smlatt %[t6], %[t3], %[t4], %[t0]\n\t"
      "smlatb %[t0], %[t7], %[t4], %[t0]\n\t"
      "sub.w %[t3], %[t1], %[t3]\n\t"
      "smlatt %[t3], %[t3], %[t2], %[t6]\n\t"
      "sub.w %[t1], %[t1], %[t7]\n\t"
      "smlatt %[t1], %[t1], %[t5], %[t0]\n\t"
      "ldr.w %[t0], %[end]\n\t"
      "lsl.w %[t3], %[t3], #1\n\t"
      "pkhtb %[t3], %[t3], %[t1], asr #15\n\t"
      "str.w %[t3], [%[hidden]], #4\n\t"
      "cmp.w %[hidden], %[t0]\n\t"
      "bne.w 1b"
      : [input] "+r"(input), [state] "+r"(state), [hidden] "+r"(hidden), [t0] "=&r"(t0), [t1] "=&r"(t1),
        [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6), [t7] "=&r"(t7)
      : [size] "r"(2 * size), [sigmoid] "r"(sigmoid), [one] "r"(0x8000u), [tanh] "m"(tanh),
        [complement] "m"(complement), [end] "m"(end)
      : "cc", "memory");
}

// ((i g + 4) >> 3) + 2^14 is taken as (i g + 4 + 2^17) >> 3.
static inline void nn_lstm_pairs(const int16_t* input, const int16_t* state, int16_t* hidden, int16_t* cell,
                                 uint32_t size, uint32_t count) {
  const uint32_t *const tanh = nn_table_middle(nn_tanh_table), *const sigmoid = nn_table_middle(nn_sigmoid_table);
  const int16_t* const end = hidden + count;
  const int32_t rounding = 4 + (1 << 17);
  uint32_t t0, t1, t2, t3, t4, t5, t6;
  __asm volatile(
      ".balign 8\n"
      "1:\n\t"
      "ldr.w %[t0], [%[input]]\n\t"
      "ldr.w %[t1], [%[state]]\n\t"
      "qadd16 %[t1], %[t0], %[t1]\n\t"
      "ldr.w %[t0], [%[state], %[size], lsl #1]\n\t"
      "ldr.w %[t2], [%[input], %[size], lsl #1]\n\t"
      "lsl.w %[t3], %[t1], #8\n\t"
      "sbfx %[t4], %[t1], #7, #9\n\t"
      "asr.w %[t1], %[t1], #23\n\t"
      "qadd16 %[t2], %[t2], %[t0]\n\t"
      "ldr.w %[t0], %[tanh]\n\t"
      "and %[t3], %[t3], #0x7f007f00\n\t"
      "ldr.w %[t4], [%[sigmoid], %[t4], lsl #2]\n\t"
      "sbfx %[t5], %[t2], #7, #9\n\t"
      "ldr.w %[t1], [%[sigmoid], %[t1], lsl #2]\n\t"
      "pkhtb %[t6], %[t4], %[one]\n\t"
      "smlabb %[t6], %[t4], %[t3], %[t6]\n\t"
      "pkhtb %[t4], %[t1], %[one]\n\t"
      "smlabt %[t4], %[t1], %[t3], %[t4]\n\t"
      "ldr.w %[t5], [%[t0], %[t5], lsl #2]\n\t"
      "asr.w %[t1], %[t2], #23\n\t"
      "ldr.w %[t3], [%[state], %[size]]\n\t"
      "lsl.w %[t2], %[t2], #8\n\t"
      "ldr.w %[t1], [%[t0], %[t1], lsl #2]\n\t"
      "and %[t2], %[t2], #0x7f007f00\n\t"
      "pkhtb %[t0], %[t5], %[one]\n\t"
      "smlabb %[t0], %[t5], %[t2], %[t0]\n\t"
      "pkhtb %[t5], %[t1], %[one]\n\t"
      "smlabt %[t5], %[t1], %[t2], %[t5]\n\t"
      "ldr.w %[t2], %[rounding]\n\t"
      "ldr.w %[t1], [%[input], %[size]]\n\t"
      "qadd16 %[t1], %[t1], %[t3]\n\t"
      "smlatt %[t0], %[t6], %[t0], %[t2]\n\t"
      "asr.w %[t6], %[t1], #23\n\t"
      "sbfx %[t3], %[t1], #7, #9\n\t"
      "smlatt %[t2], %[t4], %[t5], %[t2]\n\t"
      "ldr.w %[t5], [%[cell]]\n\t"
      "lsl.w %[t1], %[t1], #8\n\t"
      "ldr.w %[t3], [%[sigmoid], %[t3], lsl #2]\n\t"
      "asr.w %[t0], %[t0], #3\n\t"
      "ldr.w %[t6], [%[sigmoid], %[t6], lsl #2]\n\t"
      "and %[t1], %[t1], #0x7f007f00\n\t"
      "pkhtb %[t4], %[t3], %[one]\n\t"
      "smlabb %[t4], %[t3], %[t1], %[t4]\n\t"
      "pkhtb %[t3], %[t6], %[one]\n\t"
      "smlabt %[t3], %[t6], %[t1], %[t3]\n\t"
      "add.w %[t1], %[state], %[size], lsl #1\n\t"
      "asr.w %[t2], %[t2], #3\n\t"
      "add.w %[t6], %[input], %[size], lsl #1\n\t"
      "smlatt %[t2], %[t3], %[t5], %[t2]\n\t"
      "ldr.w %[t3], %[tanh]\n\t"
      "smlatb %[t4], %[t4], %[t5], %[t0]\n\t"
      "ssat %[t2], #16, %[t2], asr #15\n\t"
      "ssat %[t4], #16, %[t4], asr #15\n\t"
      "ldr.w %[t6], [%[t6], %[size]]\n\t"
      "add.w %[input], %[input], #4\n\t"
      "ldr.w %[t1], [%[t1], %[size]]\n\t"
      "pkhbt %[t4], %[t4], %[t2], lsl #16\n\t"
      "str.w %[t4], [%[cell]], #4\n\t"
      "qadd16 %[t1], %[t6], %[t1]\n\t"
      "lsl.w %[t6], %[t4], #8\n\t"
      "sbfx %[t2], %[t4], #7, #9\n\t"
      "asr.w %[t4], %[t4], #23\n\t"
      "asr.w %[t0], %[t1], #23\n\t"
      "and %[t6], %[t6], #0x7f007f00\n\t"
      "ldr.w %[t2], [%[t3], %[t2], lsl #2]\n\t"
      "lsl.w %[t5], %[t1], #8\n\t"
      "sbfx %[t1], %[t1], #7, #9\n\t"
      "ldr.w %[t4], [%[t3], %[t4], lsl #2]\n\t"
      "pkhtb %[t3], %[t2], %[one]\n\t"
      "ldr.w %[t0], [%[sigmoid], %[t0], lsl #2]\n\t"
      "ldr.w %[t1], [%[sigmoid], %[t1], lsl #2]\n\t"
      "smlabb %[t3], %[t2], %[t6], %[t3]\n\t"
      "pkhtb %[t2], %[t4], %[one]\n\t"
      "smlabt %[t2], %[t4], %[t6], %[t2]\n\t"
      "pkhtb %[t4], %[t1], %[one]\n\t"
      "and %[t5], %[t5], #0x7f007f00\n\t"
      "pkhtb %[t6], %[t0], %[one]\n\t"
      "smlabb %[t4], %[t1], %[t5], %[t4]\n\t"
      "smlabt %[t6], %[t0], %[t5], %[t6]\n\t"
      "add.w %[state], %[state], #4\n\t"
      "mov.w %[t5], #0x4000\n\t"
      "ldr.w %[t0], %[end]\n\t"
      "smlatt %[t6], %[t6], %[t2], %[t5]\n\t"
      "smlatt %[t5], %[t4], %[t3], %[t5]\n\t"
      "lsl.w %[t6], %[t6], #1\n\t"
      "pkhtb %[t6], %[t6], %[t5], asr #15\n\t"
      "str.w %[t6], [%[hidden]], #4\n\t"
      "cmp.w %[hidden], %[t0]\n\t"
      "bne.w 1b"
      : [input] "+r"(input), [state] "+r"(state), [hidden] "+r"(hidden), [cell] "+r"(cell), [t0] "=&r"(t0),
        [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6)
      : [size] "r"(2 * size), [sigmoid] "r"(sigmoid), [one] "r"(0x8000u), [tanh] "m"(tanh), [rounding] "m"(rounding),
        [end] "m"(end)
      : "cc", "memory");
}

#endif  // LOTTAVA_NN_CELL_LOOPS_H_
