// SPDX-License-Identifier: MIT
#include "bench/cases.h"

#include <stddef.h>
#include <string.h>

#include "nn/activation.h"
#include "nn/arith.h"
#include "nn/gru.h"
#include "nn/matmul.h"

#if NN_HAS_DSP

#define SNIPPETS(CASE)                                                                                        \
  CASE(nothing, "")                                                                                           \
  CASE(add_add, "add.w r0,r1,r2\n add.w r3,r4,r5")                                                            \
  CASE(add_chain, "eor.w r0,r0,r1\n eor.w r0,r0,r2")                                                          \
  CASE(smlad_smlad, "smlad r0,r4,r5,r0\n smlad r1,r4,r5,r1")                                                  \
  CASE(smlad_one_sum, "smlad r0,r4,r5,r0\n smlad r0,r4,r5,r0")                                                \
  CASE(smlad_own_product, "smlad r0,r0,r5,r6")                                                                \
  CASE(smlad_store, "smlad r0,r4,r5,r0\n str.w r6,[r7]")                                                      \
  CASE(smlad_load, "smlad r0,r4,r5,r0\n ldr.w r6,[r7]")                                                       \
  CASE(smlad_sxtb16, "sxtb16 r2,r3\n smlad r0,r4,r5,r0")                                                      \
  CASE(smmulr_ssat, "smmulr r0,r4,r5\n ssat r1,#16,r0")                                                       \
  CASE(sxtb16_sxtb16, "sxtb16 r0,r1\n sxtb16 r2,r3")                                                          \
  CASE(ssat_chain, "ssat r0,#16,r0")                                                                          \
  CASE(two_shifted, "add.w r0,r1,r2,lsl #3\n add.w r3,r4,r5,lsl #3")                                          \
  CASE(load_other_bank, "ldr.w r0,[r7]\n ldr.w r1,[r8]")                                                      \
  CASE(load_same_bank, "ldr.w r0,[r7]\n ldr.w r1,[r7,#8]")                                                    \
  CASE(load_store, "str.w r0,[r7]\n ldr.w r1,[r8]")                                                           \
  CASE(load_to_address, "ldr.w r7,[r7]")                                                                      \
  CASE(load_to_add, "ldr.w r0,[r7]\n eor.w r1,r1,r0\n eor.w r1,r1,r2")                                        \
  CASE(load_to_smlad, "ldr.w r0,[r7]\n smlad r1,r0,r2,r1\n eor.w r3,r3,r1")                                   \
  CASE(byte_to_add, "ldrb.w r0,[r7]\n eor.w r1,r1,r0\n eor.w r1,r1,r2")                                       \
  CASE(load_six, "ldm.w r7,{r0,r1,r2,r3,r4,r5}")                                                              \
  CASE(vadd_vadd, "vadd.f32 s0,s1,s2\n vadd.f32 s3,s4,s5")                                                    \
  CASE(vadd_chain, "vadd.f32 s0,s0,s1")                                                                       \
  CASE(vfma_one_sum, "vfma.f32 s0,s4,s5")                                                                     \
  CASE(vfma_three_sums, "vfma.f32 s0,s4,s5\n vfma.f32 s1,s4,s5\n vfma.f32 s2,s4,s5")                          \
  CASE(vfma_own_product, "vfma.f32 s0,s0,s5")                                                                 \
  CASE(vfma_vldr, "vfma.f32 s0,s4,s5\n vldr s6,[r7]\n vfma.f32 s1,s4,s5\n vldr s7,[r8]")                      \
  CASE(vdiv, "vdiv.f32 s0,s1,s2")                                                                             \
  CASE(branch_taken, "b.w 2f\n nop.w\n 2:")                                                                           \
  CASE(branch_not_taken, "cmp r4,r4\n bne.w 2f\n nop.w\n 2:")                                                         \
  CASE(branch_by_noise, "eor.w r6,r6,r6,lsl #13\n eor.w r6,r6,r6,lsr #17\n eor.w r6,r6,r6,lsl #5\n"           \
                        "tst r6,#256\n bne.w 2f\n nop.w\n 2:")                                              \
  CASE(cached_load_hit, "ldr.w r0,[r9]\n ldr.w r1,[r9,#4]")                                                   \
  CASE(cached_load_miss, "ldr.w r0,[r9],#128")

#define FUNCTION(name, snippet)                                                                                \
  static void name(const BenchMemory* memory) {                                                                \
    __asm volatile(                                                                                            \
        "ldrd r8,r9,[%0]\n mov r7,r8\n add.w r8,r8,#4\n movs r0,#0\n movs r1,#1\n movs r2,#2\n movs r3,#3\n"   \
        "movs r4,#4\n movs r5,#5\n movw r6,#12345\n mov.w r12,#32\n .balign 8\n 1:\n"                            \
        ".rept 8\n" snippet "\n .endr\n subs.w r12,r12,#1\n bne.w 1b"                                \
        :                                                                                                      \
        : "r"(memory)                                                                                          \
        : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r12", "s0", "s1", "s2", "s3", "s4",     \
          "s5", "s6", "s7", "cc", "memory");                                                                   \
  }
SNIPPETS(FUNCTION)

typedef struct Scratch {
  void* itself;
  uint32_t words[15];
  NnMatrix matrix;
  NnRows rows[2];
  int16_t weights[8 * 32];
  int16_t x[64], y[64];
} Scratch;
_Static_assert(sizeof(Scratch) <= BENCH_SCRATCH_BYTES, "scratch");

static void matmul_8x32(const BenchMemory* memory) {
  Scratch* scratch = memory->scratch;
  for (uint32_t i = 0; i < 8; ++i) {
    nn_matmul_s8s16(&scratch->matrix, scratch->x, 32, scratch->y, 8, 1);
  }
}

static void matmul_8x32_2_columns(const BenchMemory* memory) {
  Scratch* scratch = memory->scratch;
  for (uint32_t i = 0; i < 4; ++i) {
    nn_matmul_s8s16(&scratch->matrix, scratch->x, 32, scratch->y, 8, 2);
  }
}

static void lookup_64(const BenchMemory* memory) {
  Scratch* scratch = memory->scratch;
  for (uint32_t i = 0; i < 4; ++i) {
    nn_lookup_s16(nn_sigmoid_table, scratch->x, scratch->y, 64);
  }
}

static void gru_cell_16(const BenchMemory* memory) {
  Scratch* scratch = memory->scratch;
  for (uint32_t i = 0; i < 8; ++i) {
    nn_gru_cell_s16(scratch->weights, scratch->weights + 48, scratch->y, 16);
  }
}

static const struct {
  char name[BENCH_NAME_BYTES];
  void (*run)(const BenchMemory* memory);
} kCases[] = {
#define ENTRY(name, snippet) {#name, name},
    SNIPPETS(ENTRY){"matmul_8x32", matmul_8x32},
    {"matmul_8x32_2_columns", matmul_8x32_2_columns},
    {"lookup_64", lookup_64},
    {"gru_cell_16", gru_cell_16},
};

uint32_t bench_case_count(void) { return sizeof(kCases) / sizeof(kCases[0]); }

const char* bench_case_name(uint32_t number) { return number < bench_case_count() ? kCases[number].name : NULL; }

void bench_case_prepare(uint32_t number, const BenchMemory* memory) {
  (void)number;
  Scratch* scratch = memory->scratch;
  scratch->itself = scratch;
  memset(scratch->words, 0, sizeof(scratch->words));
  scratch->matrix = (NnMatrix){scratch->weights, scratch->rows, 2, 8, 0, 0};
  for (uint32_t i = 0; i < 8; ++i) {
    scratch->rows[i / 4].bias[i % 4] = 0;
    scratch->rows[i / 4].factor[i % 4] = 1 << 20;
  }
  for (uint32_t i = 0; i < 8 * 32; ++i) {
    scratch->weights[i] = (int16_t)((i * 41u & 255u) - 127);
  }
  for (uint32_t i = 0; i < 64; ++i) {
    scratch->x[i] = (int16_t)(i * 1021u - 32000);
    scratch->y[i] = 0;
  }
}

void bench_case_run(uint32_t number, const BenchMemory* memory) {
  if (number < bench_case_count()) {
    kCases[number].run(memory);
  }
}

#else

uint32_t bench_case_count(void) { return 0; }

const char* bench_case_name(uint32_t number) {
  (void)number;
  return NULL;
}

void bench_case_prepare(uint32_t number, const BenchMemory* memory) { (void)number, (void)memory; }

void bench_case_run(uint32_t number, const BenchMemory* memory) { (void)number, (void)memory; }

#endif
