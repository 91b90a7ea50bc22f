// SPDX-License-Identifier: MIT
// Layers that remember: GRU and LSTM cells, columns held or interpolated at a faster clock.
#include <string.h>

#include "nn/columns.h"
#include "nn/elementwise.h"
#include "nn/gru.h"
#include "nn/layers.h"
#include "nn/lstm.h"

void nn_run_gru(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  int16_t* hidden_gates = scratch + 4u * layer->matrices[0].row_groups;
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    nn_matmul_s8s16(&layer->matrices[0], x->columns + i * x->padded, 0, scratch, 0, 1);
    nn_matmul_s8s16(&layer->matrices[1], layer->state, 0, hidden_gates, 0, 1);
    nn_gru_cell_s16(scratch, hidden_gates, layer->state, y->size);
    nn_copy_columns(y->columns + i * y->padded, layer->state, y->padded);
  }
}

void nn_run_lstm(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  int16_t* hidden_gates = scratch + 4u * layer->matrices[0].row_groups;
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    nn_matmul_s8s16(&layer->matrices[0], x->columns + i * x->padded, 0, scratch, 0, 1);
    nn_matmul_s8s16(&layer->matrices[1], layer->state, 0, hidden_gates, 0, 1);
    nn_lstm_cell_s16(scratch, hidden_gates, layer->state, layer->state + y->padded, y->size);
    nn_copy_columns(y->columns + i * y->padded, layer->state, y->padded);
  }
}

void nn_run_broadcast(NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  NnHeld held = nn_hold(x, y->clock, layer->state);
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    nn_hold_next(&held);
    for (uint32_t at = 0; at < y->size; at += x->size) {
      memcpy(y->columns + i * y->padded + at, held.column, x->size * sizeof(int16_t));
    }
  }
  if (layer->state != NULL && x->clock->count > 0) {
    nn_copy_columns(layer->state, held.column, x->padded);
  }
}

static uint32_t weight_of(uint32_t step, uint32_t steps) { return ((step << 15) + steps / 2) / steps; }

// state: the column before the held one, and the held one.
void nn_run_interpolate(NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  const int16_t* from = layer->state;
  NnHeld held = nn_hold(x, y->clock, layer->state + x->padded);
  const uint32_t steps = held.steps;
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    const int16_t* before = held.column;
    if (nn_hold_next(&held)) {
      from = before;
    }
    const uint32_t step = steps - 1 - held.left;
    nn_interpolate_s16(from, held.column, weight_of(step, steps), y->columns + i * y->padded, y->padded);
  }
  if (x->clock->count > 0) {
    nn_copy_columns(layer->state, from, x->padded);
    nn_copy_columns(layer->state + x->padded, held.column, x->padded);
  }
}

void nn_end_line(NnLayer* layer) {
  const NnTensor* x = layer->parts[0];
  int16_t* to = layer->state + x->padded;
  const NnHeld held = nn_hold(x, layer->output->clock, to);
  if (held.left > 0) {
    nn_interpolate_s16(layer->state, to, weight_of(held.steps - held.left, held.steps), to, x->padded);
  }
}
