// SPDX-License-Identifier: MIT
// Whole words, because all widths are multiples of four values.
#include "nn/columns.h"

// Column of the oldest tap.
static uint32_t oldest_column(uint32_t newest, uint32_t span, uint32_t ring_columns) {
  return newest >= span ? newest - span : newest + ring_columns - span;
}

static uint32_t next_column(uint32_t column, uint32_t dilation, uint32_t ring_columns) {
  column += dilation;
  return column >= ring_columns ? column - ring_columns : column;
}

void nn_gather_s16(const int16_t* ring, uint32_t ring_columns, uint32_t column_size, uint32_t newest_column,
                   uint32_t taps, uint32_t dilation, uint32_t offset, uint32_t width, int16_t* window) {
  uint32_t column = oldest_column(newest_column, (taps - 1) * dilation, ring_columns);
  for (uint32_t tap = 0; tap < taps; ++tap, window += width) {
    nn_copy_columns(window, ring + column * column_size + offset, width);
    column = next_column(column, dilation, ring_columns);
  }
}
