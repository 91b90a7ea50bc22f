// SPDX-License-Identifier: MIT
// Convolutions over past columns. Where taps follow each other the past lies in one line and windows are read in place;
// dilated taps are gathered from a ring, several windows at a time.
#include "nn/columns.h"
#include "nn/gate.h"
#include "nn/layers.h"

// Windows of one matrix: their taps, the channel they begin with, the column the first ends with, columns between ends.
typedef struct Windows {
  uint32_t taps, offset, newest, step;
} Windows;

static inline uint32_t wrap(uint32_t column, uint32_t ring_columns) {
  return column >= ring_columns ? column - ring_columns : column;
}

static void convolve_gathered(const NnLayer* layer, const NnMatrix* matrix, const Windows* w, uint32_t count,
                              int16_t* scratch, int16_t* y, uint32_t y_stride) {
  const uint32_t fan_in = w->taps * layer->width;
  uint32_t newest = w->newest;
  while (count > 0) {
    const uint32_t together = count < layer->together ? count : layer->together;
    for (uint32_t i = 0; i < together; ++i) {
      nn_gather_s16(layer->ring, layer->ring_columns, layer->parts[0]->padded, newest, w->taps, layer->dilation,
                    w->offset, layer->width, scratch + i * fan_in);
      newest = wrap(newest + w->step, layer->ring_columns);
    }
    nn_matmul_s8s16(matrix, scratch, fan_in, y, y_stride, together);
    y += together * y_stride;
    count -= together;
  }
}

// `count` columns of y, y_stride apart.
static inline void convolve(const NnLayer* layer, const NnMatrix* matrix, const Windows* w, uint32_t count,
                            int16_t* scratch, int16_t* y, uint32_t y_stride) {
  if (layer->gathered > 0) {
    convolve_gathered(layer, matrix, w, count, scratch, y, y_stride);
    return;
  }
  const uint32_t size = layer->parts[0]->padded;
  nn_matmul_s8s16(matrix, layer->ring + (w->newest + 1 - w->taps) * size + w->offset, w->step * size, y, y_stride, count);
}

// Append the columns of this run to those kept. Returns where the first of them lies.
static inline uint32_t push(NnLayer* layer) {
  const NnTensor* x = layer->parts[0];
  const uint32_t count = x->clock->count, size = x->padded;
  if (layer->ring == x->columns) {
    return 0;
  }
  if (layer->past > 0) {
    nn_copy_columns(layer->state + layer->past * size, x->columns, count * size);
    return layer->past;
  }
  const uint32_t first = wrap(layer->newest + 1, layer->ring_columns), straight = layer->ring_columns - first;
  layer->newest = wrap(layer->newest + count, layer->ring_columns);
  if (count <= straight) {
    nn_copy_columns(layer->state + first * size, x->columns, count * size);
    return first;
  }
  nn_copy_columns(layer->state + first * size, x->columns, straight * size);
  nn_copy_columns(layer->state, x->columns + straight * size, (count - straight) * size);
  return first;
}

// Past columns in a line move up to where the next run expects them.
static inline void settle(const NnLayer* layer) {
  const NnTensor* x = layer->parts[0];
  if (layer->past > 0 && x->clock->count > 0) {
    nn_copy_columns(layer->state, layer->state + x->clock->count * x->padded, layer->past * x->padded);
  }
}

void nn_run_dense(NnLayer* layer) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  nn_matmul_s8s16(layer->matrices, x->columns, x->padded, y->columns, y->padded, y->clock->count);
}

static void run_depthwise(const NnLayer* layer, uint32_t newest) {
  const NnTensor* y = layer->output;
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    nn_depthwise_s8s16(layer->depthwise, layer->ring, layer->ring_columns, newest, layer->dilation,
                       y->columns + i * y->padded);
    newest = wrap(newest + layer->stride, layer->ring_columns);
  }
}

static void run_matrices(const NnLayer* layer, uint32_t newest, int16_t* scratch) {
  const NnTensor* y = layer->output;
  const uint32_t rows = (uint32_t)y->size / layer->matrix_count;  // of a slice; whole words where there are several
  for (uint32_t i = 0; i < layer->matrix_count; ++i) {
    const Windows windows = {layer->kernel, i * layer->width, newest, layer->stride};
    convolve(layer, &layer->matrices[i], &windows, y->clock->count, scratch, y->columns + i * rows, y->padded);
  }
}

void nn_run_conv1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  uint32_t newest = push(layer);
  if (y->clock->count > 0) {
    if (layer->stride > 1) {
      newest = wrap(newest + (y->clock->next - x->clock->next) / x->clock->period, layer->ring_columns);
    }
    if (layer->depthwise != NULL) {
      run_depthwise(layer, newest);
    } else {
      run_matrices(layer, newest, scratch);
    }
  }
  settle(layer);
}

// A condition that changes less often than x is kept behind the ring.
void nn_run_gated_conv1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor* y = layer->output;
  const NnTensor* condition = layer->part_count > 1 ? layer->parts[1] : NULL;
  const uint32_t gates = 4u * layer->matrices[0].row_groups, count = y->clock->count;
  int16_t* kept = NULL;
  NnHeld held = {0};
  if (condition != NULL) {
    kept = condition->clock == y->clock ? NULL : layer->state + layer->kept;
    held = nn_hold(condition, y->clock, kept);
  }
  Windows windows = {layer->kernel, 0, push(layer), 1};
  int16_t* z = scratch + layer->gathered;
  for (uint32_t done = 0; done < count;) {
    const uint32_t left = count - done, together = left < layer->together ? left : layer->together;
    convolve(layer, layer->matrices, &windows, together, scratch, z, gates);
    windows.newest = wrap(windows.newest + together, layer->ring_columns);
    for (uint32_t i = 0; i < together; ++i, ++done) {
      if (condition != NULL) {
        nn_hold_next(&held);
      }
      nn_gate_s16(z + i * gates, held.column, y->columns + done * y->padded, y->size);
    }
  }
  if (kept != NULL && condition->clock->count > 0) {
    nn_copy_columns(kept, held.column, condition->padded);
  }
  settle(layer);
}

// The outputs of one phase are a convolution of their own, `stride` columns apart. Those of the held column come first.
void nn_run_conv_transpose1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  const uint32_t stride = layer->stride, count = y->clock->count;
  const uint32_t wait = (x->clock->next - y->clock->next) / y->clock->period;  // outputs of the held column
  const uint32_t first = push(layer);
  for (uint32_t phase = 0; phase < stride; ++phase) {
    const int is_held = phase + wait >= stride;
    const uint32_t start = is_held ? phase + wait - stride : phase + wait;
    if (start >= count) {
      continue;
    }
    const Windows windows = {(layer->kernel - phase + stride - 1) / stride, 0, is_held ? first - 1 : first, 1};
    convolve(layer, &layer->matrices[phase], &windows, 1 + (count - 1 - start) / stride, scratch,
             y->columns + start * y->padded, stride * y->padded);
  }
  settle(layer);
}
