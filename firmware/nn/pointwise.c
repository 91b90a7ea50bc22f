// SPDX-License-Identifier: MIT
// Layers that make each column from those of the same tick.
#include "nn/activation.h"
#include "nn/elementwise.h"
#include "nn/layers.h"

static void run_concat(const NnLayer* layer) {
  const NnTensor* y = layer->output;
  for (uint32_t column = 0; column < y->clock->count; ++column) {
    int16_t* to = y->columns + column * y->padded;
    for (uint32_t i = 0; i < layer->part_count; ++i) {
      const NnTensor* x = layer->parts[i];
      nn_rescale_s16(x->columns + column * x->padded, layer->shifts[i], to, x->size);
      to += x->size;
    }
  }
}

static void run_split(const NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  for (uint32_t column = 0; column < y->clock->count; ++column) {
    nn_rescale_s16(x->columns + column * x->padded + layer->offset, 0, y->columns + column * y->padded, y->size);
  }
}

static void run_scale(const NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  for (uint32_t column = 0; column < y->clock->count; ++column) {
    nn_scale_s16(layer->depthwise, x->columns + column * x->padded, y->columns + column * y->padded);
  }
}

// Column by column where there is padding: not every function leaves a zero as it is.
static void run_activation(const NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  const uint32_t at_once = x->size == x->padded ? y->clock->count : 1;
  for (uint32_t column = 0; column < y->clock->count; column += at_once) {
    const uint32_t at = column * y->padded, count = at_once * y->size;
    if (layer->table == NULL) {
      nn_relu_s16(x->columns + at, y->columns + at, count);
    } else {
      nn_lookup_s16(layer->table, x->columns + at, y->columns + at, count);
    }
  }
}

static void run_add(const NnLayer* layer, uint32_t count) {
  const int16_t* parts[NN_MAX_PARTS];
  for (uint32_t i = 0; i < layer->part_count; ++i) {
    parts[i] = layer->parts[i]->columns;
  }
  nn_add_s16(parts, layer->shifts, layer->part_count, layer->shift, layer->output->columns, count);
}

void nn_run_pointwise(NnLayer* layer) {
  const NnTensor* y = layer->output;
  const uint32_t count = y->clock->count * y->padded;
  switch (layer->kind) {
    case NN_ADD:
      run_add(layer, count);
      break;
    case NN_MULTIPLY:
      nn_multiply_s16(layer->parts[0]->columns, layer->parts[1]->columns, layer->shift, y->columns, count);
      break;
    case NN_SCALE:
      run_scale(layer);
      break;
    case NN_SPLIT:
      run_split(layer);
      break;
    case NN_ACTIVATION:
      run_activation(layer);
      break;
    default:
      run_concat(layer);
  }
}
