// SPDX-License-Identifier: MIT
// Convolutions over past columns. Where taps follow each other the past lies in one line and windows are read in place;
// dilated taps are gathered from a ring, several windows at a time.
#include <string.h>

#include "nn/columns.h"
#include "nn/gate.h"
#include "nn/layers.h"

// Columns that windows are cut from.
typedef struct Window {
  const int16_t* ring;
  uint32_t ring_columns, column_size;
  uint32_t taps, dilation;
  uint32_t offset, width;  // of the column
  uint32_t together;
} Window;

static uint32_t wrap(uint32_t column, uint32_t ring_columns) {
  return column >= ring_columns ? column - ring_columns : column;
}

static void convolve_gathered(const Window* w, const NnMatrix* matrix, uint32_t newest, uint32_t step, uint32_t count,
                              int16_t* scratch, int16_t* y, uint32_t y_stride) {
  const uint32_t fan_in = w->taps * w->width;
  while (count > 0) {
    const uint32_t together = count < w->together ? count : w->together;
    for (uint32_t i = 0; i < together; ++i) {
      nn_gather_s16(w->ring, w->ring_columns, w->column_size, newest, w->taps, w->dilation, w->offset, w->width,
                    scratch + i * fan_in);
      newest = wrap(newest + step, w->ring_columns);
    }
    nn_matmul_s8s16(matrix, scratch, fan_in, y, y_stride, together);
    y += together * y_stride;
    count -= together;
  }
}

// `count` columns of y, y_stride apart, of windows that end `step` columns apart.
static void convolve(const Window* w, const NnMatrix* matrix, uint32_t newest, uint32_t step, uint32_t count,
                     int16_t* scratch, int16_t* y, uint32_t y_stride) {
  if (w->taps == 1 || (w->dilation == 1 && w->width == w->column_size)) {
    const int16_t* x = w->ring + (newest + 1 - w->taps) * w->column_size + w->offset;
    nn_matmul_s8s16(matrix, x, step * w->column_size, y, y_stride, count);
    return;
  }
  convolve_gathered(w, matrix, newest, step, count, scratch, y, y_stride);
}

// Append the columns of this run to the ring. Returns where the first of them lies; newest is the last one.
static uint32_t push(NnLayer* layer, const NnTensor* x) {
  const uint32_t count = x->clock->count, size = x->padded;
  const uint32_t first = wrap(layer->newest + 1, layer->ring_columns);
  const uint32_t straight = layer->ring_columns - first < count ? layer->ring_columns - first : count;
  memcpy(layer->state + first * size, x->columns, straight * size * sizeof(int16_t));
  memcpy(layer->state, x->columns + straight * size, (count - straight) * size * sizeof(int16_t));
  layer->newest = wrap(layer->newest + count, layer->ring_columns);
  return first;
}

// The columns that a layer sees, those of this run included. Returns where the first of these lies.
static uint32_t open_window(NnLayer* layer, Window* window) {
  const NnTensor* x = layer->parts[0];
  window->ring = layer->state;
  window->ring_columns = layer->ring_columns;
  window->column_size = x->padded;
  window->taps = layer->kernel;
  window->dilation = layer->dilation;
  window->offset = 0;
  window->width = x->padded;
  window->together = layer->together;
  if (layer->ring_columns == 0) {
    window->ring = x->columns;
    window->ring_columns = x->clock->count;
    return 0;
  }
  if (layer->past == 0) {
    return push(layer, x);
  }
  memcpy(layer->state + layer->past * x->padded, x->columns, x->clock->count * x->padded * sizeof(int16_t));
  return layer->past;
}

// Past columns in a line move up to where the next run expects them.
static void close_window(const NnLayer* layer) {
  const NnTensor* x = layer->parts[0];
  if (layer->past > 0 && x->clock->count > 0) {
    memmove(layer->state, layer->state + x->clock->count * x->padded, layer->past * x->padded * sizeof(int16_t));
  }
}

static void run_depthwise(const NnLayer* layer, const Window* w, uint32_t newest) {
  const NnTensor* y = layer->output;
  for (uint32_t i = 0; i < y->clock->count; ++i) {
    nn_depthwise_s8s16(layer->depthwise, w->ring, w->ring_columns, newest, w->dilation, y->columns + i * y->padded);
    newest = wrap(newest + layer->stride, w->ring_columns);
  }
}

static void run_matrices(const NnLayer* layer, Window* w, uint32_t newest, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  if (layer->matrix_count > 1) {
    w->width = (uint32_t)x->size / layer->matrix_count;
  }
  const uint32_t rows = (uint32_t)y->size / layer->matrix_count;  // of a slice; whole words where there are several
  for (uint32_t i = 0; i < layer->matrix_count; ++i) {
    w->offset = i * w->width;
    convolve(w, &layer->matrices[i], newest, layer->stride, y->clock->count, scratch, y->columns + i * rows, y->padded);
  }
}

void nn_run_conv1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  Window window;
  uint32_t newest = open_window(layer, &window);
  if (y->clock->count > 0) {
    if (layer->stride > 1) {
      newest = wrap(newest + (y->clock->next - x->clock->next) / x->clock->period, window.ring_columns);
    }
    if (layer->depthwise != NULL) {
      run_depthwise(layer, &window, newest);
    } else {
      run_matrices(layer, &window, newest, scratch);
    }
  }
  close_window(layer);
}

// A condition that changes less often than x is kept behind the ring.
void nn_run_gated_conv1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  const NnTensor* condition = layer->part_count > 1 ? layer->parts[1] : NULL;
  const uint32_t gates = 4u * layer->matrices[0].row_groups, count = y->clock->count;
  int16_t* kept = NULL;
  NnHeld held = {0};
  Window window;
  uint32_t newest = open_window(layer, &window);
  if (condition != NULL) {
    kept = condition->clock == y->clock ? NULL : layer->state + layer->ring_columns * x->padded;
    held = nn_hold(condition, y->clock, kept);
  }
  int16_t* z = scratch + layer->gathered;
  for (uint32_t done = 0; done < count;) {
    const uint32_t left = count - done, together = left < layer->together ? left : layer->together;
    convolve(&window, layer->matrices, newest, 1, together, scratch, z, gates);
    newest = wrap(newest + together, window.ring_columns);
    for (uint32_t i = 0; i < together; ++i, ++done) {
      if (condition != NULL) {
        nn_hold_next(&held);
      }
      nn_gate_s16(z + i * gates, held.column, y->columns + done * y->padded, y->size);
    }
  }
  if (kept != NULL && condition->clock->count > 0) {
    memcpy(kept, held.column, condition->padded * sizeof(int16_t));
  }
  close_window(layer);
}

// The outputs of one phase are a convolution of their own, `stride` columns apart. Those of the held column come first.
void nn_run_conv_transpose1d(NnLayer* layer, int16_t* scratch) {
  const NnTensor *x = layer->parts[0], *y = layer->output;
  const uint32_t stride = layer->stride, count = y->clock->count;
  const uint32_t wait = (x->clock->next - y->clock->next) / y->clock->period;  // outputs of the held column
  Window window;
  const uint32_t first = open_window(layer, &window);
  for (uint32_t phase = 0; phase < stride; ++phase) {
    const int is_held = phase + wait >= stride;
    const uint32_t start = is_held ? phase + wait - stride : phase + wait;
    if (start >= count) {
      continue;
    }
    window.taps = (layer->kernel - phase + stride - 1) / stride;
    convolve(&window, &layer->matrices[phase], is_held ? first - 1 : first, 1, 1 + (count - 1 - start) / stride,
             scratch, y->columns + start * y->padded, stride * y->padded);
  }
  close_window(layer);
}
