// SPDX-License-Identifier: MIT
// Four rows by one column at a time, for layers that run step by step.
#ifndef LOTTAVA_NN_MATMUL_4X1_H_
#define LOTTAVA_NN_MATMUL_4X1_H_

#include "nn/matmul_walk.h"

// Column group `g` of four rows by one column: 9 cycles, because two of the ten loads have no product to pair with;
// they pair with each other, w1 and x1 lying in different banks (address bit 2) where x is 8-byte aligned.
#define NN_GROUP_4X1                                 \
  "smlad %[a0], %[w0], %[x0], %[a0]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 4)]\n\t"           \
  "smlad %[a1], %[w1], %[x0], %[a1]\n\t"             \
  "ldr.w %[w1], [%[w], #(32 * g + 12)]\n\t"          \
  "smlad %[a0], %[w0], %[x1], %[a0]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 16)]\n\t"          \
  "smlad %[a1], %[w1], %[x1], %[a1]\n\t"             \
  "ldr.w %[w1], [%[w], #(32 * g + 24)]\n\t"          \
  "smlad %[a2], %[w0], %[x0], %[a2]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 20)]\n\t"          \
  "smlad %[a3], %[w1], %[x0], %[a3]\n\t"             \
  "ldr.w %[w1], [%[w], #(32 * g + 28)]\n\t"          \
  "smlad %[a2], %[w0], %[x1], %[a2]\n\t"             \
  "ldr.w %[x0], [%[x], #(8 * g + 8)]\n\t"            \
  "smlad %[a3], %[w1], %[x1], %[a3]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 32)]\n\t"          \
  "ldr.w %[w1], [%[w], #(32 * g + 40)]\n\t"          \
  "ldr.w %[x1], [%[x], #(8 * g + 12)]\n\t"

// Four rows by one column: 14 cycles a block beside its products.
static inline __attribute__((always_inline)) void nn_rows_4x1(const NnMatrix* matrix, const int16_t* x,
                                                              int16_t* y, int relu) {
  const NnWalk walk = nn_walk(matrix->column_groups);
  const int16_t* w = matrix->weights;
  const NnRows* rows = matrix->rows;
  const int16_t* const first = x;
  const int16_t* start = x;
  const void* const end = (const char*)(rows + matrix->row_groups) - 16;
  const uint32_t step = 32u * matrix->column_groups - 32 * NN_ROLLED * walk.chunks, chunks = walk.chunks;
  const uint32_t skip = walk.skipped;
  const void *entry, *flat_entry;
  uint32_t left;
  int32_t a0, a1, a2, a3;
  uint32_t w0, w1, x0, x1;
  __asm volatile(
      "ldr.w %[x0], %[skip]\n\t"
      "adr.w %[entry], 2f + 1\n\t"
      "add.w %[x1], %[x0], %[x0], lsl #3\n\t"
      "add.w %[entry], %[entry], %[x1], lsl #3\n\t"  // a group is 72 bytes of code
      "str.w %[entry], %[flat_entry]\n\t"
      "ldr.w %[w0], %[chunks]\n\t"
      "cmp %[w0], #0\n\t"
      "it ne\n\t"
      "adrne.w %[entry], 4f + 1\n\t"
      "ldr.w %[w0], [%[w]]\n\t"
      "ldr.w %[w1], [%[w], #8]\n\t"
      "ldr.w %[a0], [%[rows]]\n\t"
      "ldr.w %[a1], [%[rows], #4]\n\t"
      "ldr.w %[a2], [%[rows], #8]\n\t"
      "ldr.w %[a3], [%[rows], #12]\n\t"
      "sub.w %[w], %[w], %[x0], lsl #5\n\t"
      "sub.w %[x], %[x], %[x0], lsl #3\n\t"
      "ldr.w %[x0], [%[start]]\n\t"
      "ldr.w %[x1], [%[start], #4]\n\t"
      "subs.w %[rows], %[rows], #16\n\t"
      "bx %[entry]\n\t"
      ".balign 8\n"
      "4:\n\t"
      "ldr.w %[start], %[first]\n\t"
      "ldr.w %[w1], %[chunks]\n\t"
      "ldr.w %[w0], %[skip]\n\t"
      "str.w %[w1], %[left]\n\t"
      "add.w %[w], %[w], %[w0], lsl #5\n\t"
      "mov.w %[x], %[start]\n\t"
      "ldr.w %[x0], [%[start]]\n\t"
      "ldr.w %[x1], [%[start], #4]\n\t"
      "ldr.w %[w0], [%[w]]\n\t"
      "ldr.w %[w1], [%[w], #8]\n\t"
      ".balign 8\n"
      "5:\n\t"  //
      NN_REPEAT(NN_STRING(NN_ROLLED), NN_GROUP_4X1)
      "ldr.w %[w0], %[left]\n\t"
      "add.w %[w], %[w], #(32 * " NN_STRING(NN_ROLLED) ")\n\t"
      "subs.w %[w0], %[w0], #1\n\t"
      "add.w %[x], %[x], #(8 * " NN_STRING(NN_ROLLED) ")\n\t"
      "str.w %[w0], %[left]\n\t"
      "ldr.w %[w0], [%[w]]\n\t"
      "bne.w 5b\n\t"
      "ldr.w %[w1], %[skip]\n\t"
      "ldr.w %[start], %[flat_entry]\n\t"  // lent until the next block
      "sub.w %[x], %[x], %[w1], lsl #3\n\t"
      "sub.w %[w], %[w], %[w1], lsl #5\n\t"
      "add.w %[w1], %[w], %[w1], lsl #5\n\t"
      "ldr.w %[w1], [%[w1], #8]\n\t"
      "bx %[start]\n\t"
      ".balign 8\n"
      "2:\n\t"  //
      NN_REPEAT(NN_STRING(NN_FLAT), NN_GROUP_4X1)
      "smlad %[a0], %[w0], %[x0], %[a0]\n\t"
      "ldr.w %[w0], [%[w], #(32 * g + 4)]\n\t"
      "smlad %[a1], %[w1], %[x0], %[a1]\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 12)]\n\t"
      "smlad %[a0], %[w0], %[x1], %[a0]\n\t"
      "ldr.w %[w0], [%[w], #(32 * g + 16)]\n\t"
      "smlad %[a1], %[w1], %[x1], %[a1]\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 24)]\n\t"
      "smlad %[a2], %[w0], %[x0], %[a2]\n\t"
      "ldr.w %[w0], [%[w], #(32 * g + 20)]\n\t"
      "smlad %[a3], %[w1], %[x0], %[a3]\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 28)]\n\t"
      "smlad %[a2], %[w0], %[x1], %[a2]\n\t"
      "ldr.w %[x0], [%[rows], #32]!\n\t"  // this block's factors
      "smlad %[a3], %[w1], %[x1], %[a3]\n\t"
      "ldr.w %[w0], [%[rows], #4]\n\t"
      "smmulr %[a0], %[a0], %[x0]\n\t"
      "ldr.w %[x1], [%[rows], #8]\n\t"
      "smmulr %[a1], %[a1], %[w0]\n\t"
      "ldr.w %[w1], [%[rows], #12]\n\t"
      "smmulr %[a2], %[a2], %[x1]\n\t"
      "ldr.w %[x0], %[step]\n\t"  //
      NN_CLAMP("%[a0]")
      "smmulr %[a3], %[a3], %[w1]\n\t"  //
      NN_CLAMP("%[a1]")
      "ldr.w %[x1], %[end]\n\t"  //
      NN_CLAMP("%[a2]")
      "ldr.w %[w0], [%[w], #(32 * g + 32)]\n\t"  // the next block's weights
      NN_CLAMP("%[a3]")
      "cmp.w %[rows], %[x1]\n\t"
      "pkhbt %[a0], %[a0], %[a1], lsl #16\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 40)]\n\t"
      "add.w %[w], %[w], %[x0]\n\t"
      "ldr.w %[a1], [%[rows], #20]\n\t"
      "pkhbt %[a2], %[a2], %[a3], lsl #16\n\t"
      "ldr.w %[x0], [%[start]]\n\t"
      "str.w %[a2], [%[y], #4]\n\t"
      "ldr.w %[x1], [%[start], #4]\n\t"
      "str.w %[a0], [%[y]], #8\n\t"
      "beq.w 9f\n\t"
      "ldr.w %[a2], [%[rows], #24]\n\t"
      "ldr.w %[a3], [%[rows], #28]\n\t"
      "ldr.w %[a0], [%[rows], #16]\n\t"
      "bx %[entry]\n"
      "9:"
      : [w] "+r"(w), [x] "+r"(x), [rows] "+r"(rows), [y] "+r"(y), [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2),
        [a3] "=&r"(a3), [w0] "=&r"(w0), [w1] "=&r"(w1), [x0] "=&r"(x0), [x1] "=&r"(x1), [entry] "=&r"(entry),
        [start] "+r"(start), [flat_entry] "=m"(flat_entry), [left] "=m"(left)
      : [first] "m"(first), [skip] "m"(skip), [step] "m"(step), [end] "m"(end), [chunks] "m"(chunks), [relu] "i"(relu)
      : "cc", "memory");
}

#endif  // LOTTAVA_NN_MATMUL_4X1_H_
