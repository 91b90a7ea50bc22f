// SPDX-License-Identifier: MIT
// The layers of a run: from the columns of the inputs to those of the output, as many as their clocks count.
#ifndef LOTTAVA_NN_LAYERS_H_
#define LOTTAVA_NN_LAYERS_H_

#include "nn/network.h"

#ifdef __cplusplus
extern "C" {
#endif

// A convolution with one tap, too.
void nn_run_dense(NnLayer* layer);
void nn_run_conv1d(NnLayer* layer, int16_t* scratch);
void nn_run_gated_conv1d(NnLayer* layer, int16_t* scratch);
void nn_run_conv_transpose1d(NnLayer* layer, int16_t* scratch);
void nn_run_gru(NnLayer* layer, int16_t* scratch);
void nn_run_lstm(NnLayer* layer, int16_t* scratch);
void nn_run_broadcast(NnLayer* layer);
void nn_run_interpolate(NnLayer* layer);

// The line of an interpolation ends where it stands; its clocks may then be set back.
void nn_end_line(NnLayer* layer);

// Add, multiply, scale, concat, split, activation: no memory of other ticks.
void nn_run_pointwise(NnLayer* layer);

// Which column of a slower input holds at each output: the one kept from the last run, then those of this one.
typedef struct NnHeld {
  const int16_t* column;
  const int16_t* next;
  uint32_t left, steps, padded;  // outputs until the next column, between two, values of one
} NnHeld;

// kept: the last column of the run before.
static inline NnHeld nn_hold(const NnTensor* slow, const NnClock* fast, const int16_t* kept) {
  const uint32_t every = fast->period, wait = slow->clock->next - fast->next, period = slow->clock->period;
  NnHeld held = {kept, slow->columns, wait, period, slow->padded};
  if (every > 1) {
    held.left = wait / every;
    held.steps = period / every;
  }
  return held;
}

// Go to the next output. Returns whether a new column begins to hold with it.
static inline int nn_hold_next(NnHeld* held) {
  const int begins = held->left == 0;
  if (begins) {
    held->column = held->next;
    held->next += held->padded;
    held->left = held->steps;
  }
  --held->left;
  return begins;
}

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_LAYERS_H_
