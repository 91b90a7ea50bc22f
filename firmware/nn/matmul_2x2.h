// SPDX-License-Identifier: MIT
// Two rows by two columns at a time: every product pairs with the one load that it needs.
#ifndef LOTTAVA_NN_MATMUL_2X2_H_
#define LOTTAVA_NN_MATMUL_2X2_H_

#include "nn/matmul_walk.h"

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

#endif  // LOTTAVA_NN_MATMUL_2X2_H_
