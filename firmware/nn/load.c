// SPDX-License-Identifier: MIT
// Lay a checked blob out in the caller's memories: tables, columns and scratch in the first, then layer by layer
// weights and state in the memory that the layer names. lottava/arena.py repeats every size.
#include <string.h>

#include "nn/network.h"
#include "nn/prepack.h"
#include "nn/tables.h"

#define SLACK 16  // kernels read so far behind weights and columns
#define SCRATCH_VALUES 2048
#define MOST_TOGETHER 16

static uint32_t padded(uint32_t size) { return (size + 3u) & ~3u; }

static uint32_t columns_of(const NnBlob* blob, uint32_t period) { return (blob->header.block + period - 1) / period; }

static NnError open_arenas(const NnMemory memories[NN_MEMORIES], NnArena arenas[NN_MEMORIES]) {
  for (uint32_t i = 0; i < NN_MEMORIES; ++i) {
    if (((uintptr_t)memories[i].base & 15u) != 0) {
      return NN_ERROR_ARENA;
    }
    const int usable = memories[i].base != NULL && memories[i].length > SLACK;
    arenas[i].next = (uint8_t*)memories[i].base;
    arenas[i].left = usable ? memories[i].length - SLACK : 0;
    arenas[i].used = 0;
  }
  return NN_OK;
}

static NnClock* find_clock(NnNetwork* network, uint32_t period) {
  uint32_t i = 0;
  while (i < network->clock_count && network->clocks[i].period != period) {
    ++i;
  }
  if (i == network->clock_count) {
    network->clocks[network->clock_count++].period = period;
  }
  return &network->clocks[i];
}

// Different periods of the blob's tensors.
static uint32_t count_periods(const NnBlob* blob) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    const uint32_t period = nn_blob_tensor(blob, i).period;
    uint32_t first = 0;
    while (nn_blob_tensor(blob, first).period != period) {
      ++first;
    }
    count += first == i;
  }
  return count;
}

static NnError place_tensors(const NnBlob* blob, NnArena* arena, NnNetwork* network) {
  const uint32_t count = blob->header.tensor_count;
  network->tensors = (NnTensor*)nn_take(arena, count * sizeof(NnTensor));
  network->clocks = (NnClock*)nn_take(arena, count_periods(blob) * sizeof(NnClock));
  for (uint32_t i = 0; i < count; ++i) {
    const NnBlobTensor tensor = nn_blob_tensor(blob, i);
    network->column_values += padded(tensor.size) * columns_of(blob, tensor.period);
  }
  network->columns = (int16_t*)nn_take(arena, network->column_values * sizeof(int16_t));
  if (network->tensors == NULL || network->clocks == NULL || network->columns == NULL) {
    return NN_ERROR_ARENA;
  }
  int16_t* next = network->columns;
  for (uint32_t i = 0; i < count; ++i) {
    const NnBlobTensor from = nn_blob_tensor(blob, i);
    NnTensor* tensor = &network->tensors[i];
    tensor->columns = next;
    tensor->clock = find_clock(network, from.period);
    tensor->scale = from.scale;
    tensor->size = from.size;
    tensor->padded = (uint16_t)padded(from.size);
    next += tensor->padded * columns_of(blob, from.period);
  }
  return NN_OK;
}

// Whether windows must be copied together: taps apart, or slices of columns.
static int is_gathered(const NnBlobLayer* layer, uint32_t in, uint32_t out) {
  const int convolves = layer->kind == NN_CONV1D || layer->kind == NN_GATED_CONV1D;
  return convolves && layer->kernel > 1 && !nn_is_depthwise(layer, in, out) &&
         (layer->dilation > 1 || nn_is_sliced(layer, in, out));
}

// What the layer needs while it runs.
typedef struct Scratch {
  uint32_t gathered, gates;  // values: windows, gate pre-activations
  uint32_t together;         // columns that they belong to
} Scratch;

// As many columns at once as fit SCRATCH_VALUES, so that calls of the matrix kernel are long; two or all in any case.
static Scratch scratch_of(const NnBlob* blob, const NnBlobLayer* layer) {
  const NnBlobTensor in = nn_blob_tensor(blob, layer->inputs[0]), out = nn_blob_tensor(blob, layer->output);
  if (layer->kind == NN_GRU || layer->kind == NN_LSTM) {
    const Scratch recurrent = {0, 2 * padded((layer->kind == NN_GRU ? 3u : 4u) * out.size), 1};
    return recurrent;
  }
  const uint32_t columns = columns_of(blob, out.period);
  const uint32_t gates = layer->kind == NN_GATED_CONV1D ? padded(2u * out.size) : 0;
  const uint32_t window =
      is_gathered(layer, in.size, out.size) ? layer->kernel * nn_window_width(layer, in.size, out.size) : 0;
  const uint32_t fitting = gates + window == 0 ? MOST_TOGETHER : SCRATCH_VALUES / (gates + window);
  const uint32_t limit = fitting < 2 ? 2 : fitting > MOST_TOGETHER ? MOST_TOGETHER : fitting;
  const uint32_t together = columns < limit ? columns : limit;
  const Scratch scratch = {together * window, together * gates, together};
  return scratch;
}

// Past columns that lie in a line before a run's; 0 for a layer that has none, or a ring.
static uint32_t past_columns(const NnBlobLayer* layer) {
  if (layer->kind == NN_CONV_TRANSPOSE1D) {
    return nn_taps_of_phase(layer, 0);  // a run may begin with outputs of the column held
  }
  return layer->dilation == 1 ? layer->kernel - 1u : 0;
}

// Past columns with those of a run.
static uint32_t ring_columns(const NnBlob* blob, const NnBlobLayer* layer, uint32_t period) {
  const uint32_t past = past_columns(layer);
  const int is_ring = layer->dilation > 1 && layer->kernel > 1;
  const uint32_t before = is_ring ? (layer->kernel - 1u) * layer->dilation : past;
  return before == 0 ? 0 : before + columns_of(blob, period);
}

// Values that the layer keeps from run to run, its ring first.
static uint32_t state_values(const NnBlob* blob, const NnBlobLayer* layer, uint32_t ring) {
  const NnBlobTensor in = nn_blob_tensor(blob, layer->inputs[0]), out = nn_blob_tensor(blob, layer->output);
  switch (layer->kind) {
    case NN_GRU:
      return padded(out.size);
    case NN_LSTM:
      return 2 * padded(out.size);
    case NN_INTERPOLATE:
      return 2 * padded(in.size);
    case NN_BROADCAST:
      return in.period > out.period ? padded(in.size) : 0;
    case NN_GATED_CONV1D: {
      const NnBlobTensor condition = nn_blob_tensor(blob, layer->inputs[layer->input_count - 1]);
      return ring * padded(in.size) + (condition.period > out.period ? padded(condition.size) : 0);
    }
    default:
      return ring * padded(in.size);
  }
}

static NnError place_layer(const NnBlob* blob, const NnBlobLayer* from, NnArena* arena, NnNetwork* network,
                           NnLayer* layer) {
  for (uint32_t i = 0; i < from->input_count; ++i) {
    layer->parts[i] = &network->tensors[from->inputs[i]];
  }
  layer->output = &network->tensors[from->output];
  const NnTensor *x = layer->parts[0], *y = layer->output;
  layer->clock = x->clock->period < y->clock->period ? x->clock : y->clock;
  layer->ring_columns = ring_columns(blob, from, x->clock->period);
  layer->past = past_columns(from);
  layer->kept = layer->ring_columns * x->padded;
  layer->state_length = state_values(blob, from, layer->ring_columns);
  layer->width = (uint16_t)nn_window_width(from, x->size, y->size);
  layer->kernel = from->kernel;
  layer->dilation = from->dilation;
  layer->stride = from->stride;
  layer->offset = from->offset;
  const int is_dense = from->kind == NN_CONV1D && from->kernel == 1 && from->groups == 1 && from->stride == 1;
  layer->kind = is_dense ? NN_DENSE : from->kind;
  layer->part_count = from->input_count;
  layer->shift = from->shift;
  const Scratch scratch = scratch_of(blob, from);
  layer->gathered = scratch.gathered;
  layer->together = (uint8_t)scratch.together;
  memcpy(layer->shifts, from->shifts, sizeof(layer->shifts));
  if (layer->state_length > 0) {
    layer->state = (int16_t*)nn_take(arena, (size_t)layer->state_length * sizeof(int16_t));
    if (layer->state == NULL) {
      return NN_ERROR_ARENA;
    }
  }
  layer->ring = layer->ring_columns > 0 ? layer->state : x->columns;
  if (layer->ring_columns == 0) {
    layer->ring_columns = columns_of(blob, x->clock->period);
  }
  return nn_prepack(blob, from, arena, layer);
}

// The table of each function, once it has been asked for.
typedef struct Tables {
  const uint32_t* of[NN_LAST_ACTIVATION + 1];
} Tables;

static NnError find_table(Tables* tables, uint32_t activation, NnArena* arena, NnLayer* layer) {
  if (activation != NN_RELU && tables->of[activation] == NULL) {
    uint32_t* table = (uint32_t*)nn_take(arena, NN_LUT_WORDS * sizeof(uint32_t));
    if (table == NULL) {
      return NN_ERROR_ARENA;
    }
    nn_fill_table(activation, table);
    tables->of[activation] = table;
  }
  layer->table = tables->of[activation];
  return NN_OK;
}

static NnError place_layers(const NnBlob* blob, NnArena arenas[NN_MEMORIES], NnNetwork* network) {
  uint32_t values = 0;
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    NnBlobLayer layer;
    nn_blob_layer(blob, i, &layer);
    const Scratch scratch = scratch_of(blob, &layer);
    values = scratch.gathered + scratch.gates > values ? scratch.gathered + scratch.gates : values;
  }
  network->scratch = (int16_t*)nn_take(&arenas[0], values * sizeof(int16_t));
  if (network->scratch == NULL) {
    return NN_ERROR_ARENA;
  }
  Tables tables = {{[NN_TANH] = nn_tanh_table, [NN_SIGMOID] = nn_sigmoid_table}};
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    NnBlobLayer layer;
    nn_blob_layer(blob, i, &layer);
    NnError error = NN_OK;
    if (layer.kind == NN_ACTIVATION) {
      error = find_table(&tables, layer.activation, &arenas[0], &network->layers[i]);
    }
    if (error == NN_OK) {
      error = place_layer(blob, &layer, &arenas[layer.memory], network, &network->layers[i]);
    }
    if (error != NN_OK) {
      return error;
    }
  }
  return NN_OK;
}

static void close_arenas(NnArena arenas[NN_MEMORIES], NnNetwork* network) {
  for (uint32_t i = 0; i < NN_MEMORIES; ++i) {
    if (arenas[i].used > 0) {
      memset(arenas[i].next, 0, SLACK);
      network->used[i] = arenas[i].used + SLACK;
    }
  }
}

NnError nn_load(NnNetwork* network, const void* bytes, size_t length, const NnMemory memories[NN_MEMORIES]) {
  return nn_load_level(network, bytes, length, memories, 0);
}

NnError nn_load_level(NnNetwork* network, const void* bytes, size_t length, const NnMemory memories[NN_MEMORIES],
                      uint32_t level) {
  memset(network, 0, sizeof(*network));
  NnBlob blob;
  NnError error = nn_blob_check(bytes, length, &blob);
  if (error != NN_OK) {
    return error;
  }
  blob.level = level < blob.header.level_count ? level : blob.header.level_count;
  NnArena arenas[NN_MEMORIES];
  error = open_arenas(memories, arenas);
  if (error != NN_OK) {
    return error;
  }
  nn_fill_gate_tables();
  network->voice = blob.header.voice;
  memcpy(network->graph_sha256, blob.header.graph_sha256, sizeof(network->graph_sha256));
  network->layer_count = (uint8_t)blob.header.layer_count;
  network->tensor_count = blob.header.tensor_count;
  network->input_count = blob.header.input_count;
  network->output_tensor = blob.header.output_tensor;
  network->block = blob.header.block;
  network->level = (uint8_t)blob.level;
  network->level_count = blob.header.level_count;
  network->layers = (NnLayer*)nn_take(&arenas[0], network->layer_count * sizeof(NnLayer));
  error = network->layers == NULL ? NN_ERROR_ARENA : place_tensors(&blob, &arenas[0], network);
  error = error != NN_OK ? error : place_layers(&blob, arenas, network);
  if (error != NN_OK) {
    memset(network, 0, sizeof(*network));
    return error;
  }
  close_arenas(arenas, network);
  nn_reset(network);
  return NN_OK;
}

void nn_reset(NnNetwork* network) {
  for (uint32_t i = 0; i < network->clock_count; ++i) {
    network->clocks[i].next = 0;
    network->clocks[i].count = 0;
  }
  if (network->columns != NULL) {
    memset(network->columns, 0, network->column_values * sizeof(int16_t));
  }
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    NnLayer* layer = &network->layers[i];
    layer->newest = 0;
    if (layer->state != NULL) {
      memset(layer->state, 0, layer->state_length * sizeof(int16_t));
    }
  }
}
