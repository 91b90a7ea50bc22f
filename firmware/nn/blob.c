// SPDX-License-Identifier: MIT
// Refuse every blob that could make the runner read, write or overflow where it must not.
#include "nn/blob.h"

#include <string.h>

#define STATE_SCALE 0x1p-15f
#define RELU_SCALE 0x1p-12f
#define MAX_CONCAT_SHIFT 15

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
      header->input_count < 1 || header->input_count >= header->tensor_count ||
      header->output_tensor >= header->tensor_count) {
    return NN_ERROR_COUNT;
  }
  return NN_OK;
}

static NnError check_tensors(const NnBlob* blob) {
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    const NnBlobTensor* tensor = &blob->tensors[i];
    const int positive = tensor->scale > 0.0f && tensor->scale < 0x1p15f;
    if (tensor->size < 1 || tensor->size > NN_MAX_WIDTH || tensor->reserved != 0 || !positive) {
      return NN_ERROR_TENSOR;
    }
  }
  return NN_OK;
}

static NnError check_concat(const NnBlob* blob, const NnBlobLayer* layer) {
  uint32_t size = 0;
  for (uint32_t i = 0; i < layer->input_count; ++i) {
    const NnBlobTensor* part = &blob->tensors[layer->inputs[i]];
    if (layer->shifts[i] > MAX_CONCAT_SHIFT) {
      return NN_ERROR_LAYER;
    }
    const float scale = part->scale * (float)(1u << layer->shifts[i]);
    if (scale < blob->tensors[layer->output].scale || scale > blob->tensors[layer->output].scale) {
      return NN_ERROR_TENSOR;
    }
    size += part->size;
  }
  return size == blob->tensors[layer->output].size ? NN_OK : NN_ERROR_LAYER;
}

// Kind, parts and shapes; `written` has one bit a tensor.
static NnError check_layer(const NnBlob* blob, const NnBlobLayer* layer, uint32_t* written) {
  if (layer->kind > NN_CONCAT || layer->activation > NN_RELU || layer->wide > 3 || layer->input_count < 1 ||
      layer->input_count > NN_MAX_PARTS || layer->output >= blob->header.tensor_count ||
      (layer->kind != NN_DENSE && layer->activation != NN_NONE) || (layer->kind != NN_CONCAT && layer->input_count != 1)) {
    return NN_ERROR_LAYER;
  }
  for (uint32_t i = 0; i < layer->input_count; ++i) {
    if (layer->inputs[i] >= blob->header.tensor_count || !(*written >> layer->inputs[i] & 1u)) {
      return NN_ERROR_LAYER;
    }
  }
  if (*written >> layer->output & 1u) {
    return NN_ERROR_LAYER;
  }
  *written |= 1u << layer->output;
  const NnBlobTensor* output = &blob->tensors[layer->output];
  if (layer->activation == NN_RELU && (output->scale < RELU_SCALE || output->scale > RELU_SCALE)) {
    return NN_ERROR_TENSOR;
  }
  if (layer->kind == NN_GRU) {
    if (output->scale < STATE_SCALE || output->scale > STATE_SCALE) {
      return NN_ERROR_TENSOR;
    }
    return output->size <= NN_MAX_HIDDEN ? NN_OK : NN_ERROR_LAYER;
  }
  return layer->kind == NN_CONCAT ? check_concat(blob, layer) : NN_OK;
}

static uint32_t array_lengths(const NnBlob* blob, const NnBlobLayer* layer, uint32_t lengths[NN_MAX_ARRAYS]) {
  const uint32_t columns = blob->tensors[layer->inputs[0]].size;
  const uint32_t size = blob->tensors[layer->output].size;
  const uint32_t rows = layer->kind == NN_GRU ? 3 * size : size;
  if (layer->kind == NN_CONCAT) {
    return 0;
  }
  lengths[0] = rows * columns;
  if (layer->kind == NN_DENSE) {
    lengths[1] = lengths[2] = lengths[3] = 4 * rows;
    return 4;
  }
  lengths[1] = rows * size;
  for (uint32_t i = 2; i < 8; ++i) {
    lengths[i] = 4 * rows;
  }
  return 8;
}

static NnError check_offsets(const NnBlob* blob, const NnBlobLayer* layer, uint32_t* end) {
  uint32_t lengths[NN_MAX_ARRAYS];
  const uint32_t count = array_lengths(blob, layer, lengths);
  for (uint32_t i = 0; i < NN_MAX_ARRAYS; ++i) {
    if (i >= count) {
      if (layer->offsets[i] != 0) {
        return NN_ERROR_OFFSET;
      }
      continue;
    }
    *end = align(*end);
    if (layer->offsets[i] != *end) {
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

uint32_t nn_blob_products(const NnBlob* blob, const NnBlobLayer* layer, NnProduct products[2]) {
  static const uint8_t kDense[4] = {0, 1, 2, 3}, kInput[4] = {0, 2, 4, 5}, kHidden[4] = {1, 3, 6, 7};
  const uint32_t count = layer->kind == NN_DENSE ? 1 : layer->kind == NN_GRU ? 2 : 0;
  const uint32_t size = blob->tensors[layer->output].size;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* order = layer->kind == NN_DENSE ? kDense : i == 0 ? kInput : kHidden;
    products[i].weight = blob->bytes + layer->offsets[order[0]];
    products[i].bias = blob->bytes + layer->offsets[order[1]];
    products[i].multiplier = blob->bytes + layer->offsets[order[2]];
    products[i].shift = blob->bytes + layer->offsets[order[3]];
    products[i].rows = layer->kind == NN_DENSE ? size : 3 * size;
    products[i].columns = i == 0 ? blob->tensors[layer->inputs[0]].size : size;
    products[i].wide = layer->wide >> i & 1;
  }
  return count;
}

static NnError check_arrays(const NnBlob* blob) {
  for (uint32_t i = 0; i < blob->header.layer_count; ++i) {
    NnProduct products[2];
    const uint32_t count = nn_blob_products(blob, &blob->layers[i], products);
    for (uint32_t j = 0; j < count; ++j) {
      const NnError error = check_product(&products[j]);
      if (error != NN_OK) {
        return error;
      }
    }
  }
  return NN_OK;
}

NnError nn_blob_check(const void* bytes, size_t length, NnBlob* blob) {
  blob->bytes = (const uint8_t*)bytes;
  NnError error = check_header(blob->bytes, length, &blob->header);
  if (error != NN_OK) {
    return error;
  }
  const uint32_t layers = layer_table_offset(&blob->header);
  uint32_t end = layers + (uint32_t)(blob->header.layer_count * sizeof(NnBlobLayer));
  if (end > blob->header.length) {
    return NN_ERROR_LENGTH;
  }
  memcpy(blob->tensors, blob->bytes + sizeof(NnBlobHeader), blob->header.tensor_count * sizeof(NnBlobTensor));
  memcpy(blob->layers, blob->bytes + layers, blob->header.layer_count * sizeof(NnBlobLayer));
  error = check_tensors(blob);
  uint32_t written = (1u << blob->header.input_count) - 1u;
  for (uint32_t i = 0; error == NN_OK && i < blob->header.layer_count; ++i) {
    error = check_layer(blob, &blob->layers[i], &written);
    if (error == NN_OK) {
      error = check_offsets(blob, &blob->layers[i], &end);
    }
  }
  if (error != NN_OK) {
    return error;
  }
  if (written != (1u << blob->header.tensor_count) - 1u) {
    return NN_ERROR_TENSOR;
  }
  return end == blob->header.length ? check_arrays(blob) : NN_ERROR_LENGTH;
}
