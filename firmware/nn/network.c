// SPDX-License-Identifier: MIT
// Prepack a checked blob into the arena, and run its layers in order.
#include "nn/network.h"

#include <string.h>

#include "nn/arith.h"
#include "nn/gru.h"

typedef struct Arena {
  uint8_t* next;
  size_t left;
} Arena;

static uint32_t groups(uint32_t size) { return (size + 3) / 4; }

// `length` bytes at 16-byte alignment, or NULL.
static void* take(Arena* arena, size_t length) {
  const size_t rounded = (length + 15) & ~(size_t)15;
  if (rounded > arena->left) {
    return NULL;
  }
  void* memory = arena->next;
  arena->next += rounded;
  arena->left -= rounded;
  return memory;
}

static NnError pack_product(const NnProduct* product, int relu, Arena* arena, NnMatrix* matrix) {
  const uint32_t row_groups = groups(product->rows), column_groups = groups(product->columns);
  int16_t* weights = (int16_t*)take(arena, (size_t)32 * row_groups * column_groups);
  NnRows* rows = (NnRows*)take(arena, row_groups * sizeof(NnRows));
  if (weights == NULL || rows == NULL) {
    return NN_ERROR_ARENA;
  }
  const NnTaps taps = {product->weight, product->rows, 1, product->columns, 1, (int32_t)product->columns, 0};
  nn_pack_s8(&taps, weights);
  memset(rows, 0, row_groups * sizeof(NnRows));
  for (uint32_t i = 0; i < product->rows; ++i) {
    rows[i / 4].bias[i % 4] = nn_read_s32(product->bias, i);
    rows[i / 4].factor[i % 4] =
        nn_requantise_factor(nn_read_s32(product->multiplier, i), nn_read_s32(product->shift, i));
  }
  matrix->weights = weights;
  matrix->rows = rows;
  matrix->row_groups = (uint16_t)row_groups;
  matrix->column_groups = (uint16_t)column_groups;
  matrix->wide = product->wide != 0;
  matrix->relu = relu != 0;
  return NN_OK;
}

static NnError pack_layer(const NnBlob* blob, const NnBlobLayer* from, Arena* arena, NnLayer* layer) {
  NnProduct products[2];
  const uint32_t count = nn_blob_products(blob, from, products);
  for (uint32_t i = 0; i < count; ++i) {
    const NnError error = pack_product(&products[i], from->activation == NN_RELU, arena, &layer->products[i]);
    if (error != NN_OK) {
      return error;
    }
  }
  layer->kind = from->kind;
  layer->part_count = from->input_count;
  memcpy(layer->shifts, from->shifts, sizeof(layer->shifts));
  memcpy(layer->parts, from->inputs, sizeof(layer->parts));
  layer->output = from->output;
  return NN_OK;
}

// All tensors, then the gates of the widest gru, in one run of memory that nn_reset clears.
static NnError place_activations(const NnBlob* blob, Arena* arena, NnNetwork* network) {
  size_t count = 0, widest = 0;
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    count += 4 * groups(blob->tensors[i].size);
  }
  for (uint32_t i = 0; i < blob->header.layer_count; ++i) {
    const size_t rows = 4 * groups(3u * blob->tensors[blob->layers[i].output].size);
    widest = blob->layers[i].kind == NN_GRU && rows > widest ? rows : widest;
  }
  count += 2 * widest;
  int16_t* next = (int16_t*)take(arena, count * sizeof(int16_t));
  if (next == NULL) {
    return NN_ERROR_ARENA;
  }
  network->activations = next;
  network->activation_count = count;
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    network->tensors[i] = next;
    network->sizes[i] = blob->tensors[i].size;
    network->scales[i] = blob->tensors[i].scale;
    next += 4 * groups(blob->tensors[i].size);
  }
  network->gates[0] = next;
  network->gates[1] = next + widest;
  return NN_OK;
}

NnError nn_load(NnNetwork* network, const void* bytes, size_t length, void* arena, size_t arena_length) {
  memset(network, 0, sizeof(*network));
  NnBlob blob;
  NnError error = nn_blob_check(bytes, length, &blob);
  if (error != NN_OK) {
    return error;
  }
  if (arena == NULL || ((uintptr_t)arena & 15u) != 0) {
    return NN_ERROR_ARENA;
  }
  Arena memory = {(uint8_t*)arena, arena_length};
  error = place_activations(&blob, &memory, network);
  for (uint32_t i = 0; error == NN_OK && i < blob.header.layer_count; ++i) {
    error = pack_layer(&blob, &blob.layers[i], &memory, &network->layers[i]);
  }
  if (error != NN_OK) {
    memset(network, 0, sizeof(*network));
    return error;
  }
  network->arena_used = arena_length - memory.left;
  network->voice = blob.header.voice;
  memcpy(network->graph_sha256, blob.header.graph_sha256, sizeof(network->graph_sha256));
  network->layer_count = blob.header.layer_count;
  network->tensor_count = blob.header.tensor_count;
  network->input_count = blob.header.input_count;
  network->output_tensor = blob.header.output_tensor;
  nn_reset(network);
  return NN_OK;
}

void nn_reset(NnNetwork* network) {
  if (network->activations != NULL) {
    memset(network->activations, 0, network->activation_count * sizeof(int16_t));
  }
}

static void concat_s16(const NnNetwork* network, const NnLayer* layer) {
  int16_t* y = network->tensors[layer->output];
  for (uint32_t i = 0; i < layer->part_count; ++i) {
    const int16_t* x = network->tensors[layer->parts[i]];
    const uint32_t size = network->sizes[layer->parts[i]];
    const int32_t shift = layer->shifts[i];
    const int32_t half = shift == 0 ? 0 : (int32_t)1 << (shift - 1);
#pragma GCC unroll 4
    for (uint32_t j = 0; j < size; ++j) {
      y[j] = (int16_t)((x[j] + half) >> shift);
    }
    y += size;
  }
}

void nn_step(NnNetwork* network) {
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    const NnLayer* layer = &network->layers[i];
    const int16_t* x = network->tensors[layer->parts[0]];
    int16_t* y = network->tensors[layer->output];
    switch (layer->kind) {
      case NN_DENSE:
        nn_matmul_s8s16(&layer->products[0], x, 0, y, 0, 1);
        break;
      case NN_GRU:
        nn_matmul_s8s16(&layer->products[0], x, 0, network->gates[0], 0, 1);
        nn_matmul_s8s16(&layer->products[1], y, 0, network->gates[1], 0, 1);
        nn_gru_cell_s16(network->gates[0], network->gates[1], y, network->sizes[layer->output]);
        break;
      default:
        concat_s16(network, layer);
    }
  }
}
