// SPDX-License-Identifier: MIT
// Refuse every blob that could make the runner read, write or overflow where it must not: all but the layers' rules.
#include "nn/blob.h"

#include <string.h>

#include "nn/layer_check.h"
#include "nn/levels.h"

static uint32_t align(uint32_t offset) {
  return (offset + NN_BLOB_ALIGNMENT - 1) & ~(uint32_t)(NN_BLOB_ALIGNMENT - 1);
}

static uint32_t layer_table_offset(const NnBlobHeader* header) {
  return align((uint32_t)(sizeof(NnBlobHeader) + header->tensor_count * sizeof(NnBlobTensor)));
}

uint32_t nn_crc32(const void* bytes, size_t length) {
  const uint8_t* p = (const uint8_t*)bytes;
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = 0; i < length; ++i) {
    crc ^= p[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
  }
  return ~crc;
}

NnBlobTensor nn_blob_whole_tensor(const NnBlob* blob, uint32_t index) {
  NnBlobTensor tensor;
  memcpy(&tensor, blob->bytes + sizeof(NnBlobHeader) + index * sizeof(tensor), sizeof(tensor));
  return tensor;
}

void nn_blob_whole_layer(const NnBlob* blob, uint32_t index, NnBlobLayer* layer) {
  memcpy(layer, blob->bytes + layer_table_offset(&blob->header) + index * sizeof(*layer), sizeof(*layer));
}

NnBlobTensor nn_blob_tensor(const NnBlob* blob, uint32_t index) {
  NnBlobTensor tensor = nn_blob_whole_tensor(blob, index);
  const NnPlaces places = nn_blob_places(blob, index);
  tensor.size = (uint16_t)nn_kept(&places, tensor.size);
  return tensor;
}

void nn_blob_layer(const NnBlob* blob, uint32_t index, NnBlobLayer* layer) {
  nn_blob_whole_layer(blob, index, layer);
  nn_narrow_layer(blob, layer);
}

static NnSlice slice_of(const NnBlob* blob, uint32_t tensor) {
  const NnSlice slice = {nn_blob_places(blob, tensor), nn_blob_tensor(blob, tensor).size,
                         nn_blob_whole_tensor(blob, tensor).size};
  return slice;
}

uint32_t nn_blob_products(const NnBlob* blob, const NnBlobLayer* layer, NnProduct products[2]) {
  static const uint8_t kOnly[4] = {0, 1, 2, 3}, kInput[4] = {0, 2, 4, 5}, kHidden[4] = {1, 3, 6, 7};
  const NnSlice in = slice_of(blob, layer->inputs[0]), out = slice_of(blob, layer->output);
  const int recurrent = layer->kind == NN_GRU || layer->kind == NN_LSTM;
  const uint32_t count = recurrent ? 2 : layer->kind <= NN_LAST_WEIGHTED ? 1 : 0;
  const uint32_t gates = layer->kind == NN_GRU ? 3 : layer->kind == NN_LSTM ? 4 : layer->kind == NN_GATED_CONV1D ? 2 : 1;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* order = !recurrent ? kOnly : i == 0 ? kInput : kHidden;
    products[i].weight = blob->bytes + layer->arrays[order[0]];
    products[i].bias = blob->bytes + layer->arrays[order[1]];
    products[i].multiplier = blob->bytes + layer->arrays[order[2]];
    products[i].shift = blob->bytes + layer->arrays[order[3]];
    products[i].rows = gates * out.size;
    products[i].row_slice = out;
    products[i].channel_slice = i == 1 ? out : in;
    NnSlice* read = &products[i].channel_slice;
    read->size /= layer->groups;
    read->whole /= blob->level > 0 ? layer->whole_groups : layer->groups;
    if (layer->kind == NN_SCALE) {
      read->size = read->whole = 1;
    }
    if (read->whole == 1) {
      read->places.runs = 0;  // which channel, the row says
    }
    products[i].columns = layer->kernel * read->size;
    products[i].stride = layer->kernel * read->whole;
    products[i].wide = layer->wide >> i & 1;
  }
  return count;
}

static NnError check_header(const uint8_t* bytes, size_t length, NnBlobHeader* header) {
  if (bytes == NULL || length < sizeof(*header)) {
    return NN_ERROR_LENGTH;
  }
  memcpy(header, bytes, sizeof(*header));
  if (header->magic != NN_BLOB_MAGIC) {
    return NN_ERROR_MAGIC;
  }
  if (header->version != NN_BLOB_VERSION) {
    return NN_ERROR_VERSION;
  }
  if (header->length < sizeof(*header) || header->length > length) {
    return NN_ERROR_LENGTH;
  }
  if (header->crc32 != nn_crc32(bytes + NN_BLOB_CRC_START, header->length - NN_BLOB_CRC_START)) {
    return NN_ERROR_CRC;
  }
  if (header->layer_count < 1 || header->layer_count > NN_MAX_LAYERS || header->tensor_count > NN_MAX_TENSORS ||
      header->level_count >= NN_MAX_LEVELS || header->input_count < 1 || header->input_count >= header->tensor_count ||
      header->output_tensor >= header->tensor_count || header->block < 1 || header->block > NN_MAX_BLOCK) {
    return NN_ERROR_COUNT;
  }
  return NN_OK;
}

// The shortest period is a tick, and all divide the longest.
static NnError check_tensors(const NnBlob* blob) {
  uint32_t shortest = NN_MAX_PERIOD, longest = 1;
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    const NnBlobTensor tensor = nn_blob_tensor(blob, i);
    const int positive = tensor.scale > 0.0f && tensor.scale < 0x1p15f;
    if (tensor.size < 1 || tensor.size > NN_MAX_WIDTH || !positive || tensor.period < 1 ||
        tensor.period > NN_MAX_PERIOD) {
      return NN_ERROR_TENSOR;
    }
    shortest = tensor.period < shortest ? tensor.period : shortest;
    longest = tensor.period > longest ? tensor.period : longest;
  }
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    if (longest % nn_blob_tensor(blob, i).period != 0) {
      return NN_ERROR_TENSOR;
    }
  }
  return shortest == 1 ? NN_OK : NN_ERROR_TENSOR;
}

// One bit a tensor.
typedef struct Written {
  uint32_t bits[(NN_MAX_TENSORS + 31) / 32];
} Written;

static int is_written(const Written* written, uint32_t tensor) { return written->bits[tensor / 32] >> tensor % 32 & 1; }

static void mark(Written* written, uint32_t tensor) { written->bits[tensor / 32] |= 1u << tensor % 32; }

static NnError check_order(const NnBlob* blob, const NnBlobLayer* layer, Written* written) {
  if (layer->input_count < 1 || layer->input_count > NN_MAX_PARTS || layer->output >= blob->header.tensor_count) {
    return NN_ERROR_LAYER;
  }
  for (uint32_t i = 0; i < NN_MAX_PARTS; ++i) {
    const uint32_t tensor = layer->inputs[i];
    const int readable = tensor < blob->header.tensor_count && is_written(written, tensor);
    if (i < layer->input_count ? !readable : tensor != 0) {
      return NN_ERROR_LAYER;
    }
  }
  if (is_written(written, layer->output)) {
    return NN_ERROR_LAYER;
  }
  mark(written, layer->output);
  return NN_OK;
}

// Byte counts of a checked layer's arrays, and their number.
static uint32_t array_lengths(const NnBlob* blob, const NnBlobLayer* layer, uint32_t lengths[NN_MAX_ARRAYS]) {
  NnProduct products[2];
  const uint32_t count = nn_blob_products(blob, layer, products);
  for (uint32_t i = 0; i < count; ++i) {
    lengths[i] = products[i].rows * products[i].columns;
  }
  for (uint32_t i = count; i < 4 * count; ++i) {
    lengths[i] = 4 * products[0].rows;
  }
  return 4 * count;
}

static NnError check_offsets(const NnBlob* blob, const NnBlobLayer* layer, uint32_t* end) {
  uint32_t lengths[NN_MAX_ARRAYS];
  const uint32_t count = array_lengths(blob, layer, lengths);
  for (uint32_t i = 0; i < NN_MAX_ARRAYS; ++i) {
    if (i >= count) {
      if (layer->arrays[i] != 0) {
        return NN_ERROR_OFFSET;
      }
      continue;
    }
    *end = align(*end);
    if (layer->arrays[i] != *end) {
      return NN_ERROR_OFFSET;
    }
    if (blob->header.length < *end || blob->header.length - *end < lengths[i]) {
      return NN_ERROR_LENGTH;
    }
    *end += lengths[i];
  }
  return NN_OK;
}

static NnError check_product(const NnProduct* product) {
  for (uint32_t row = 0; row < product->rows; ++row) {
    const int32_t multiplier = nn_read_s32(product->multiplier, row);
    const int32_t shift = nn_read_s32(product->shift, row);
    if (multiplier < (int32_t)1 << 30 || shift < -16 || shift > -1) {
      return NN_ERROR_MULTIPLIER;
    }
    const int64_t bias = nn_read_s32(product->bias, row);
    int64_t worst = bias < 0 ? -bias : bias;
    for (uint32_t column = 0; column < product->columns; ++column) {
      const int8_t weight = (int8_t)product->weight[row * product->columns + column];
      if (weight == INT8_MIN) {
        return NN_ERROR_WEIGHT;
      }
      worst += (int64_t)(weight < 0 ? -weight : weight) << 15;
    }
    if (!product->wide && worst > INT32_MAX) {
      return NN_ERROR_ACCUMULATOR;
    }
  }
  return NN_OK;
}

static NnError check_layers(const NnBlob* blob, uint32_t end) {
  Written written = {{0}};
  for (uint32_t i = 0; i < blob->header.input_count; ++i) {
    mark(&written, i);
  }
  for (uint32_t i = 0; i < blob->header.layer_count; ++i) {
    NnBlobLayer layer;
    nn_blob_layer(blob, i, &layer);
    NnError error = check_order(blob, &layer, &written);
    error = error != NN_OK ? error : nn_check_layer(blob, &layer);
    error = error != NN_OK ? error : check_offsets(blob, &layer, &end);
    NnProduct products[2];
    const uint32_t count = error != NN_OK ? 0 : nn_blob_products(blob, &layer, products);
    for (uint32_t j = 0; j < count && error == NN_OK; ++j) {
      error = check_product(&products[j]);
    }
    if (error != NN_OK) {
      return error;
    }
  }
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    if (!is_written(&written, i)) {
      return NN_ERROR_TENSOR;
    }
  }
  return end == blob->header.length ? NN_OK : NN_ERROR_LENGTH;
}

NnError nn_blob_check(const void* bytes, size_t length, NnBlob* blob) {
  memset(blob, 0, sizeof(*blob));
  blob->bytes = (const uint8_t*)bytes;
  NnError error = check_header(blob->bytes, length, &blob->header);
  if (error != NN_OK) {
    return error;
  }
  uint32_t end = layer_table_offset(&blob->header) + (uint32_t)(blob->header.layer_count * sizeof(NnBlobLayer));
  if (end > blob->header.length) {
    return NN_ERROR_LENGTH;
  }
  error = check_tensors(blob);
  error = error != NN_OK ? error : nn_find_levels(blob, &end);
  error = error != NN_OK ? error : check_layers(blob, end);
  return error != NN_OK ? error : nn_check_levels(blob);
}
