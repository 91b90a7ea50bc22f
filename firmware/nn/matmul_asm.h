// SPDX-License-Identifier: MIT
// Inner loops of nn_matmul_s8s16 for the Cortex-M7: one row block after the other, no loop inside a row.
//
// A multiply-accumulate takes a cycle and pairs with one load. Two rows of two columns need just that load each, four
// rows of one column five loads for four of them; so any loop control would cost extra cycles, and a loop's end 6 more
// (a misprediction). Hence the column groups of a row block stand unrolled, FLAT of them and the last one, and are
// entered where the row's length says; the jump goes to the same place throughout a call, which the branch target cache
// predicts. Longer rows pass ROLLED groups at a time through a loop first.
//
// Pointers to weights and activations are moved back by the groups that are skipped. What is loaded needs two cycles
// to reach a multiplication. Loads ahead of the last group fetch what lies behind the weights and activations, unused.
#ifndef LOTTAVA_NN_MATMUL_ASM_H_
#define LOTTAVA_NN_MATMUL_ASM_H_

#include "nn/matmul.h"

#define NN_FLAT 16
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

// Column group `g` of two rows by two columns, u and v: 8 cycles for 16 products.
#define NN_GROUP_2X2                                 \
  "smlad %[v0], %[w0], %[xv], %[v0]\n\t"             \
  "ldr.w %[w1], [%[w], #(32 * g + 8)]\n\t"           \
  "smlad %[u0], %[w0], %[xu], %[u0]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 4)]\n\t"           \
  "smlad %[v1], %[w1], %[xv], %[v1]\n\t"             \
  "ldr.w %[xv], [%[v], #(8 * g + 4)]\n\t"            \
  "smlad %[u1], %[w1], %[xu], %[u1]\n\t"             \
  "ldr.w %[xu], [%[u], #(8 * g + 4)]\n\t"            \
  "smlad %[v0], %[w0], %[xv], %[v0]\n\t"             \
  "ldr.w %[w1], [%[w], #(32 * g + 12)]\n\t"          \
  "smlad %[u0], %[w0], %[xu], %[u0]\n\t"             \
  "ldr.w %[w0], [%[w], #(32 * g + 32)]\n\t"          \
  "smlad %[v1], %[w1], %[xv], %[v1]\n\t"             \
  "ldr.w %[xv], [%[v], #(8 * g + 8)]\n\t"            \
  "smlad %[u1], %[w1], %[xu], %[u1]\n\t"             \
  "ldr.w %[xu], [%[u], #(8 * g + 8)]\n\t"

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

#define NN_REPEAT(count, group) ".set g, 0\n\t.rept " count "\n\t" group ".set g, g + 1\n\t.endr\n\t"

// Saturate to s16, or to what a rectifier leaves.
#define NN_CLAMP(value)                               \
  ".if %c[relu]\n\tusat " value ", #15, " value "\n\t" \
  ".else\n\tssat " value ", #16, " value "\n\t.endif\n\t"

// All rows by 2 * pairs columns: rows 0 and 1 of every row group by a pair of columns, then rows 2 and 3, then the next
// pair. 13 cycles a block beside its products: 4 multiplications, 6 instructions that saturate and pack (one a cycle,
// each result three cycles later), and the start of the next block in the gaps; some 20 more a pass over the rows.
static inline __attribute__((always_inline)) void nn_rows_2x2(const NnMatrix* matrix, const int16_t* x,
                                                              uint32_t x_stride, int16_t* y, uint32_t y_stride,
                                                              uint32_t pairs, int relu) {
  const NnWalk walk = nn_walk(matrix->column_groups);
  const uint32_t skip = 8 * walk.skipped, chunks = walk.chunks;
  const char* const first_w = (const char*)matrix->weights - 4 * skip;
  const char* const first_rows = (const char*)matrix->rows - 16;  // the factors of the block before
  const char* const first_end = first_rows + matrix->row_groups * sizeof(NnRows);
  const uint32_t stride = 2 * y_stride, x_step = 4 * x_stride;
  int16_t* first_y = y;
  const char *u = (const char*)x + 8 * NN_ROLLED * chunks - skip, *v = u + 2 * x_stride;  // as a block leaves them
  const char *w, *rows, *end;
  const void* entry;
  uint32_t passes = 2 * pairs, left;
  int32_t u0, u1, v0, v1;
  uint32_t w0, w1, xu, xv;
  __asm volatile(
      "adr.w %[w1], 2f + 1\n\t"
      "ldr.w %[w0], %[chunks]\n\t"
      "add.w %[w1], %[w1], %[skip], lsl #3\n\t"  // a group is 64 bytes of code
      "cmp %[w0], #0\n\t"
      "it ne\n\t"
      "adrne.w %[w1], 4f + 1\n\t"
      "str.w %[w1], %[entry]\n\t"
      "ldr.w %[w0], %[first_end]\n\t"
      "ldr.w %[y], %[first_y]\n\t"
      "str.w %[w0], %[end]\n\t"
      "ldr.w %[w], %[first_w]\n\t"
      "ldr.w %[rows], %[first_rows]\n"
      "1:\n\t"
      "ldr.w %[w0], [%[w], %[skip], lsl #2]\n\t"
      "ldr.w %[v1], [%[rows], #20]\n\t"
      "ldr.w %[v0], [%[rows], #16]\n\t"
      "ldr.w %[u1], [%[rows], #20]\n\t"
      "ldr.w %[u0], [%[rows], #16]\n\t"
      "ldr.w %[w1], %[entry]\n\t"
      "ldr.w %[xv], [%[v], %[skip]]\n\t"
      "ldr.w %[xu], [%[u], %[skip]]\n\t"
      "bx %[w1]\n\t"
      ".balign 8\n"
      "4:\n\t"
      "ldr.w %[w1], %[chunks]\n\t"
      "sub.w %[u], %[u], %[w1], lsl #6\n\t"  // 8 * NN_ROLLED bytes a turn
      "sub.w %[v], %[v], %[w1], lsl #6\n\t"
      "add.w %[u], %[u], %[skip]\n\t"
      "add.w %[v], %[v], %[skip]\n\t"
      "add.w %[w], %[w], %[skip], lsl #2\n\t"
      "str.w %[w1], %[left]\n\t"
      "ldr.w %[xu], [%[u]]\n\t"
      "ldr.w %[xv], [%[v]]\n\t"
      ".balign 8\n"
      "5:\n\t"  //
      NN_REPEAT(NN_STRING(NN_ROLLED), NN_GROUP_2X2)
      "ldr.w %[w1], %[left]\n\t"
      "add.w %[w], %[w], #(32 * " NN_STRING(NN_ROLLED) ")\n\t"
      "subs.w %[w1], %[w1], #1\n\t"
      "add.w %[u], %[u], #(8 * " NN_STRING(NN_ROLLED) ")\n\t"
      "add.w %[v], %[v], #(8 * " NN_STRING(NN_ROLLED) ")\n\t"
      "str.w %[w1], %[left]\n\t"
      "bne.w 5b\n\t"
      "adr.w %[w1], 2f + 1\n\t"
      "sub.w %[w], %[w], %[skip], lsl #2\n\t"
      "add.w %[w1], %[w1], %[skip], lsl #3\n\t"
      "sub.w %[u], %[u], %[skip]\n\t"
      "sub.w %[v], %[v], %[skip]\n\t"
      "bx %[w1]\n"
      "9:\n\t"  // the next pass: rows 2 and 3, or another pair
      "ldr.w %[w1], %[passes]\n\t"
      "ldr.w %[xv], %[x_step]\n\t"
      "subs.w %[w1], %[w1], #1\n\t"
      "ldr.w %[y], %[first_y]\n\t"
      "beq.w 8f\n\t"
      "str.w %[w1], %[passes]\n\t"
      "ands.w %[w0], %[w1], #1\n\t"
      "ldr.w %[w], %[first_w]\n\t"
      "itttt eq\n\t"
      "addeq.w %[u], %[u], %[xv]\n\t"
      "addeq.w %[v], %[v], %[xv]\n\t"
      "ldreq.w %[xv], %[stride]\n\t"
      "addeq.w %[y], %[y], %[xv], lsl #1\n\t"
      "ldr.w %[rows], %[first_rows]\n\t"
      "ldr.w %[xu], %[first_end]\n\t"
      "str.w %[y], %[first_y]\n\t"
      "add.w %[w], %[w], %[w0], lsl #4\n\t"
      "add.w %[rows], %[rows], %[w0], lsl #3\n\t"
      "add.w %[xu], %[xu], %[w0], lsl #3\n\t"
      "add.w %[y], %[y], %[w0], lsl #2\n\t"
      "str.w %[xu], %[end]\n\t"
      "b.w 1b\n\t"
      ".balign 8\n"
      "2:\n\t"  //
      NN_REPEAT(NN_STRING(NN_FLAT), NN_GROUP_2X2)
      "smlad %[v0], %[w0], %[xv], %[v0]\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 8)]\n\t"
      "smlad %[u0], %[w0], %[xu], %[u0]\n\t"
      "ldr.w %[w0], [%[w], #(32 * g + 4)]\n\t"
      "smlad %[v1], %[w1], %[xv], %[v1]\n\t"
      "ldr.w %[xv], [%[v], #(8 * g + 4)]\n\t"
      "smlad %[u1], %[w1], %[xu], %[u1]\n\t"
      "ldr.w %[xu], [%[u], #(8 * g + 4)]\n\t"
      "smlad %[v0], %[w0], %[xv], %[v0]\n\t"
      "ldr.w %[w1], [%[w], #(32 * g + 12)]\n\t"
      "smlad %[u0], %[w0], %[xu], %[u0]\n\t"
      "ldr.w %[w0], [%[rows], #32]!\n\t"  // this block's factors
      "smlad %[v1], %[w1], %[xv], %[v1]\n\t"
      "ldr.w %[xv], %[stride]\n\t"
      "smlad %[u1], %[w1], %[xu], %[u1]\n\t"
      "ldr.w %[w1], [%[rows], #4]\n\t"
      "smmulr %[v0], %[v0], %[w0]\n\t"
      "add.w %[w], %[w], #(32 * g + 32)\n\t"  // the next block's weights
      "smmulr %[v1], %[v1], %[w1]\n\t"
      "ldr.w %[xu], %[end]\n\t"
      "smmulr %[u0], %[u0], %[w0]\n\t"
      "ldr.w %[w0], [%[w]]\n\t"  //
      NN_CLAMP("%[v0]")
      "smmulr %[u1], %[u1], %[w1]\n\t"  //
      NN_CLAMP("%[v1]")
      "sub.w %[w], %[w], %[skip], lsl #2\n\t"  //
      NN_CLAMP("%[u0]")
      "cmp.w %[rows], %[xu]\n\t"  //
      NN_CLAMP("%[u1]")
      "ldr.w %[xu], [%[u], %[skip]]\n\t"
      "pkhbt %[v0], %[v0], %[v1], lsl #16\n\t"
      "ldr.w %[w1], %[entry]\n\t"
      "str.w %[v0], [%[y], %[xv]]\n\t"
      "ldr.w %[xv], [%[v], %[skip]]\n\t"
      "pkhbt %[u0], %[u0], %[u1], lsl #16\n\t"
      "ldr.w %[v1], [%[rows], #20]\n\t"
      "str.w %[u0], [%[y]], #8\n\t"
      "beq.w 9b\n\t"
      "ldr.w %[v0], [%[rows], #16]\n\t"
      "ldr.w %[u1], [%[rows], #20]\n\t"
      "ldr.w %[u0], [%[rows], #16]\n\t"
      "bx %[w1]\n"
      "8:"
      : [w] "=&r"(w), [u] "+r"(u), [v] "+r"(v), [rows] "=&r"(rows), [y] "=&r"(y), [u0] "=&r"(u0), [u1] "=&r"(u1),
        [v0] "=&r"(v0), [v1] "=&r"(v1), [w0] "=&r"(w0), [w1] "=&r"(w1), [xu] "=&r"(xu), [xv] "=&r"(xv),
        [entry] "=m"(entry), [left] "=m"(left), [end] "=m"(end), [passes] "+m"(passes), [first_y] "+m"(first_y)
      : [skip] "r"(skip), [stride] "m"(stride), [chunks] "m"(chunks), [x_step] "m"(x_step), [first_w] "m"(first_w),
        [first_rows] "m"(first_rows), [first_end] "m"(first_end), [relu] "i"(relu)
      : "cc", "memory");
}

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

#endif  // LOTTAVA_NN_MATMUL_ASM_H_
