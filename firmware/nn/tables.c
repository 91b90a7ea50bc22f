// SPDX-License-Identifier: MIT
// Exponentials step by step from one end of the table to the other, in doubles: sums, products and quotients only, whose
// rounding IEEE 754 fixes. 512 steps are 2^-43 off at most, entries lie 2^-11 or more from where they would round
// differently.
#include "nn/tables.h"

#include "generated/blob_format.h"

#define STEP 0x1p-5  // of the argument
#define FIRST -8.0
#define UNIT 0x1p15
#define FINE 0x1p12
#define SLOPE 0.01  // of a leaky rectifier

uint32_t nn_sigmoid_table[NN_LUT_WORDS], nn_tanh_table[NN_LUT_WORDS];

// An exponential at -8, and its change from entry to entry.
typedef struct Power {
  double first, ratio;
} Power;

static const Power kPowers[] = {
    [NN_TANH] = {8886110.520507872, 0.93941306281347578611},     // e^-2x
    [NN_SIGMOID] = {2980.9579870417283, 0.96923323447634408185},  // e^-x
    [NN_ELU] = {0.00033546262790251185, 1.0317434074991026709},   // e^x
    [NN_EXP2] = {0x1p-8, 1.0218971486541166782},                  // 2^x
};

static double entry(uint32_t activation, double x, double power) {
  switch (activation) {
    case NN_TANH:
      return UNIT * (1.0 - power) / (1.0 + power);
    case NN_SIGMOID:
      return UNIT / (1.0 + power);
    case NN_HARD_TANH:
      return UNIT * x;
    case NN_SOFTSIGN:
      return UNIT * x / (1.0 + (x < 0.0 ? -x : x));
    case NN_ELU:
      return FINE * (x < 0.0 ? power - 1.0 : x);
    case NN_LEAKY_RELU:
      return FINE * (x < 0.0 ? SLOPE * x : x);
    default:
      return 0x1p11 * power;
  }
}

static int32_t rounded(double y) {
  return y >= INT16_MAX ? INT16_MAX : y <= INT16_MIN ? INT16_MIN : (int32_t)(y < 0.0 ? y - 0.5 : y + 0.5);
}

void nn_fill_table(uint32_t activation, uint32_t table[NN_LUT_WORDS]) {
  const int grows = activation < sizeof(kPowers) / sizeof(kPowers[0]);
  Power power = grows ? kPowers[activation] : (Power){0.0, 0.0};
  double x = FIRST;
  int32_t low = rounded(entry(activation, x, power.first));
  for (uint32_t i = 0; i < NN_LUT_WORDS; ++i) {
    x += STEP;
    power.first *= power.ratio;
    const int32_t high = rounded(entry(activation, x, power.first));
    table[i] = (uint32_t)low << 16 | ((uint32_t)(2 * (high - low)) & 0xFFFFu);
    low = high;
  }
}

void nn_fill_gate_tables(void) {
  nn_fill_table(NN_TANH, nn_tanh_table);
  nn_fill_table(NN_SIGMOID, nn_sigmoid_table);
}
