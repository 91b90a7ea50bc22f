// SPDX-License-Identifier: MIT
// The tables of the activations, made when a network is loaded: they would take 14 KB of flash.
#ifndef LOTTAVA_NN_TABLES_H_
#define LOTTAVA_NN_TABLES_H_

#include <stdint.h>

#include "nn/activation.h"

#ifdef __cplusplus
extern "C" {
#endif

// The table of an enum NnActivation but none and relu: 0.1 ms, the same entries as lottava/activations.py on any machine
// with IEEE doubles.
void nn_fill_table(uint32_t activation, uint32_t table[NN_LUT_WORDS]);

// Those of tanh and sigmoid, which gates share. nn_load does it.
void nn_fill_gate_tables(void);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_TABLES_H_
