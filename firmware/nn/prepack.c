// SPDX-License-Identifier: MIT
// Weights are widened to s16 and their rows grouped by four; a transposed convolution becomes a matrix a phase.
#include "nn/prepack.h"

#include <string.h>

#include "nn/arith.h"

void* nn_take(NnArena* arena, size_t length) {
  const size_t rounded = (length + 15) & ~(size_t)15;
  if (rounded > arena->left) {
    return NULL;
  }
  void* memory = arena->next;
  memset(memory, 0, rounded);
  arena->next += rounded;
  arena->left -= rounded;
  arena->used += rounded;
  return memory;
}

int nn_is_depthwise(const NnBlobLayer* layer, uint32_t in, uint32_t out) {
  return layer->groups > 1 && layer->groups == in && layer->groups == out;
}

int nn_is_sliced(const NnBlobLayer* layer, uint32_t in, uint32_t out) {
  return layer->groups > 1 && in / layer->groups % 4 == 0 && out / layer->groups % 4 == 0;
}

uint32_t nn_window_width(const NnBlobLayer* layer, uint32_t in, uint32_t out) {
  return nn_is_sliced(layer, in, out) ? in / layer->groups : (in + 3) / 4 * 4;
}

static uint32_t groups_of_four(uint32_t size) { return (size + 3) / 4; }

// Bias and factor of `count` rows of a product.
static const NnRows* pack_rows(const NnProduct* product, uint32_t first, uint32_t count, NnArena* arena) {
  NnRows* rows = (NnRows*)nn_take(arena, groups_of_four(count) * sizeof(NnRows));
  for (uint32_t i = 0; rows != NULL && i < count; ++i) {
    const uint32_t row = nn_slice_place(&product->row_slice, first + i);
    const int32_t multiplier = nn_read_s32(product->multiplier, row);
    rows[i / 4].bias[i % 4] = nn_read_s32(product->bias, row);
    rows[i / 4].factor[i % 4] = nn_requantise_factor(multiplier, nn_read_s32(product->shift, row));
  }
  return rows;
}

static NnError pack_matrix(const NnProduct* product, const NnTaps* taps, int relu, NnArena* arena, NnMatrix* matrix) {
  const uint32_t row_groups = groups_of_four(taps->rows), column_groups = nn_column_groups(taps);
  int16_t* weights = (int16_t*)nn_take(arena, (size_t)32 * row_groups * column_groups);
  matrix->rows = pack_rows(product, taps->first_row, taps->rows, arena);
  if (weights == NULL || matrix->rows == NULL) {
    return NN_ERROR_ARENA;
  }
  nn_pack_s8(taps, weights);
  matrix->weights = weights;
  matrix->row_groups = (uint16_t)row_groups;
  matrix->column_groups = (uint16_t)column_groups;
  matrix->wide = product->wide != 0;
  matrix->relu = relu != 0;
  return NN_OK;
}

static NnError pack_depthwise(const NnProduct* product, int relu, NnArena* arena, NnLayer* layer) {
  const uint32_t row_groups = groups_of_four(product->rows);
  NnDepthwise* packed = (NnDepthwise*)nn_take(arena, sizeof(NnDepthwise));
  int16_t* weights = (int16_t*)nn_take(arena, (size_t)8 * row_groups * product->columns);
  const NnRows* rows = pack_rows(product, 0, product->rows, arena);
  if (packed == NULL || weights == NULL || rows == NULL) {
    return NN_ERROR_ARENA;
  }
  nn_pack_depthwise_s8(product->weight, &product->row_slice, product->rows, product->columns, weights);
  packed->weights = weights;
  packed->rows = rows;
  packed->row_groups = (uint16_t)row_groups;
  packed->taps = (uint16_t)product->columns;
  packed->wide = product->wide != 0;
  packed->relu = relu != 0;
  layer->depthwise = packed;
  return NN_OK;
}

// The i-th matrix of a layer as the kernels' packing sees it.
static NnTaps taps_of(const NnBlobLayer* from, const NnProduct* product, uint32_t matrix_count, uint32_t i) {
  const uint32_t channels = product->columns / from->kernel, stride = product->stride / from->kernel;
  NnTaps taps = {product->weight, product->rows, from->kernel, channels, from->groups, (int32_t)product->stride,
                 (int32_t)stride, 0, &product->row_slice, &product->channel_slice};
  if (from->kind == NN_CONV_TRANSPOSE1D) {
    // The oldest column of a window meets the last tap of its phase.
    taps.taps = nn_taps_of_phase(from, i);
    taps.weight += ((taps.taps - 1) * from->stride + i) * stride;
    taps.tap_stride = -(int32_t)(from->stride * stride);
  } else if (from->kind == NN_CONV1D && matrix_count > 1) {
    taps.rows = product->rows / from->groups;
    taps.groups = 1;
    taps.first_row = i * taps.rows;
  }
  return taps;
}

NnError nn_prepack(const NnBlob* blob, const NnBlobLayer* from, NnArena* arena, NnLayer* layer) {
  NnProduct products[2];
  const uint32_t count = nn_blob_products(blob, from, products);
  const uint32_t in = layer->parts[0]->size, out = layer->output->size;
  const int relu = from->activation == NN_RELU;
  if (count == 0) {
    return NN_OK;
  }
  if (from->kind == NN_SCALE || (from->kind == NN_CONV1D && nn_is_depthwise(from, in, out))) {
    return pack_depthwise(&products[0], relu, arena, layer);
  }
  layer->matrix_count = from->kind == NN_CONV_TRANSPOSE1D ? from->stride
                        : nn_is_sliced(from, in, out)     ? from->groups
                                                          : (uint16_t)count;
  NnMatrix* matrices = (NnMatrix*)nn_take(arena, layer->matrix_count * sizeof(NnMatrix));
  if (matrices == NULL) {
    return NN_ERROR_ARENA;
  }
  layer->matrices = matrices;
  for (uint32_t i = 0; i < layer->matrix_count; ++i) {
    const NnProduct* product = &products[count == 2 ? i : 0];
    const NnTaps taps = taps_of(from, product, layer->matrix_count, i);
    const NnError error = pack_matrix(product, &taps, relu, arena, &matrices[i]);
    if (error != NN_OK) {
      return error;
    }
  }
  return NN_OK;
}
