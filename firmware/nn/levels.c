// SPDX-License-Identifier: MIT
// What a level may keep: a legal network, whose layers read the channels that the layers before them make.
#include "nn/levels.h"

#include "nn/layer_check.h"

// A tensor at the chosen level.
typedef struct Side {
  NnPlaces places;
  uint32_t size, whole;
} Side;

static Side side_of(const NnBlob* blob, uint32_t tensor) {
  const Side side = {nn_blob_places(blob, tensor), nn_blob_tensor(blob, tensor).size,
                     nn_blob_whole_tensor(blob, tensor).size};
  return side;
}

static const uint8_t* widths_of(const NnBlob* blob, uint32_t level) {
  return blob->levels + 2u * (blob->header.tensor_count + level * blob->runs);
}

NnPlaces nn_blob_places(const NnBlob* blob, uint32_t tensor) {
  NnPlaces places = {NULL, NULL, 0};
  if (blob->level > 0) {
    uint32_t first = 0;
    for (uint32_t i = 0; i < tensor; ++i) {
      first += nn_read_u16(blob->levels, i);
    }
    places.whole = widths_of(blob, 0) + 2u * first;
    places.kept = widths_of(blob, blob->level) + 2u * first;
    places.runs = nn_read_u16(blob->levels, tensor);
  }
  return places;
}

uint32_t nn_place(const NnPlaces* places, uint32_t index) {
  uint32_t start = 0;
  for (uint32_t run = 0; run < places->runs; ++run) {
    const uint32_t kept = nn_read_u16(places->kept, run);
    if (index < kept) {
      break;
    }
    index -= kept;
    start += nn_read_u16(places->whole, run);
  }
  return start + index;
}

uint32_t nn_slice_place(const NnSlice* slice, uint32_t index) {
  if (slice == NULL || slice->places.runs == 0) {
    return index;
  }
  return index / slice->size * slice->whole + nn_place(&slice->places, index % slice->size);
}

uint32_t nn_kept(const NnPlaces* places, uint32_t size) {
  uint32_t kept = places->runs == 0 ? size : 0;
  for (uint32_t run = 0; run < places->runs; ++run) {
    kept += nn_read_u16(places->kept, run);
  }
  return kept;
}

void nn_narrow_layer(const NnBlob* blob, NnBlobLayer* layer) {
  if (blob->level == 0) {
    return;
  }
  const Side x = side_of(blob, layer->inputs[0]);
  layer->whole_groups = layer->groups;
  if (layer->kind == NN_CONV1D && layer->groups > 1 && layer->groups == x.whole) {
    layer->groups = (uint16_t)x.size;
  }
  if (layer->kind == NN_SPLIT) {
    uint32_t before = 0;
    while (before < x.size && nn_place(&x.places, before) < layer->offset) {
      ++before;
    }
    layer->offset = (uint16_t)before;
  }
}

// `part` keeps of its channels what `all` does of its own from offset on, `count` times side by side.
static int holds(const Side* all, const Side* part, uint32_t offset, uint32_t count) {
  uint32_t next = 0;
  for (uint32_t i = 0; i < all->size; ++i) {
    const uint32_t channel = nn_place(&all->places, i) - offset;
    if (channel < count * part->whole) {
      const NnSlice slice = {part->places, part->size, part->whole};
      if (next >= count * part->size || channel != nn_slice_place(&slice, next)) {
        return 0;
      }
      ++next;
    }
  }
  return next == count * part->size;
}

// Each of `count` equal shares of the channels keeps the same.
static int is_even(const Side* side, uint32_t count) {
  const Side share = {side->places, side->size / count, side->whole / count};
  return share.size > 0 && holds(side, &share, 0, count);
}

// With each channel of x all the rows that read it.
static int keeps_rows(const Side* x, const Side* y) {
  const uint32_t made = y->whole / x->whole;
  int same = y->size == made * x->size;
  for (uint32_t i = 0; same && i < y->size; ++i) {
    same = nn_place(&y->places, i) == nn_place(&x->places, i / made) * made + i % made;
  }
  return same;
}

// Whether a layer, as the whole network has it, is given and makes the channels that belong together.
static int is_coupled(const NnBlob* blob, const NnBlobLayer* layer) {
  const Side x = side_of(blob, layer->inputs[0]), y = side_of(blob, layer->output);
  switch (layer->kind) {
    case NN_DENSE:
    case NN_CONV_TRANSPOSE1D:
    case NN_GRU:
    case NN_LSTM:
      return 1;
    case NN_CONV1D:
      return layer->groups > 1 && layer->groups == x.whole ? keeps_rows(&x, &y)
                                                           : is_even(&x, layer->groups) && is_even(&y, layer->groups);
    case NN_SPLIT:
      return holds(&x, &y, layer->offset, 1);
    case NN_BROADCAST:
      return x.whole == 1 || holds(&y, &x, 0, y.whole / x.whole);
    default:
      break;
  }
  uint32_t start = 0;
  int same = 1;
  for (uint32_t i = layer->kind == NN_GATED_CONV1D; i < layer->input_count; ++i) {
    const Side part = side_of(blob, layer->inputs[i]);
    same &= layer->kind == NN_CONCAT ? holds(&y, &part, start, 1) : holds(&part, &y, 0, part.whole / y.whole);
    start += part.whole;
  }
  return same;
}

NnError nn_find_levels(NnBlob* blob, uint32_t* end) {
  blob->levels = blob->bytes + *end;
  if (blob->header.level_count == 0) {
    return NN_OK;
  }
  const uint32_t tensors = blob->header.tensor_count, left = (blob->header.length - *end) / 2;
  if (left < tensors) {
    return NN_ERROR_LENGTH;
  }
  for (uint32_t i = 0; i < tensors; ++i) {
    const uint32_t runs = nn_read_u16(blob->levels, i);
    if (runs < 1 || runs > NN_MAX_RUNS) {
      return NN_ERROR_LEVEL;
    }
    blob->runs += runs;
  }
  const uint32_t values = tensors + (1u + blob->header.level_count) * blob->runs;
  if (left < values) {
    return NN_ERROR_LENGTH;
  }
  *end += 2u * values;
  return NN_OK;
}

// Every width lies within the one of the level before, and those of level 0 are the tensors'.
static NnError check_widths(const NnBlob* blob) {
  const uint8_t* first = widths_of(blob, 0);
  for (uint32_t i = 0; i < (1u + blob->header.level_count) * blob->runs; ++i) {
    const uint32_t width = nn_read_u16(first, i);
    if (width < 1 || (i >= blob->runs && width > nn_read_u16(first, i - blob->runs))) {
      return NN_ERROR_LEVEL;
    }
  }
  for (uint32_t i = 0; i < blob->header.tensor_count; ++i) {
    const NnPlaces all = {first, first, nn_read_u16(blob->levels, i)};
    if (nn_kept(&all, 0) != nn_blob_whole_tensor(blob, i).size) {
      return NN_ERROR_LEVEL;
    }
    first += 2u * all.runs;
  }
  return NN_OK;
}

static NnError check_level(const NnBlob* blob) {
  const NnBlobHeader* header = &blob->header;
  for (uint32_t i = 0; i < header->tensor_count; ++i) {
    const int is_end = i < header->input_count || i == header->output_tensor;
    if (is_end && nn_blob_tensor(blob, i).size != nn_blob_whole_tensor(blob, i).size) {
      return NN_ERROR_LEVEL;
    }
  }
  for (uint32_t i = 0; i < header->layer_count; ++i) {
    NnBlobLayer layer;
    nn_blob_whole_layer(blob, i, &layer);
    const int coupled = is_coupled(blob, &layer);
    nn_narrow_layer(blob, &layer);
    layer.whole_groups = 0;
    if (!coupled || nn_check_layer(blob, &layer) != NN_OK) {
      return NN_ERROR_LEVEL;
    }
  }
  return NN_OK;
}

NnError nn_check_levels(NnBlob* blob) {
  if (blob->header.level_count == 0) {
    return NN_OK;
  }
  NnError error = check_widths(blob);
  for (uint32_t level = 1; level <= blob->header.level_count && error == NN_OK; ++level) {
    blob->level = level;
    error = check_level(blob);
  }
  blob->level = 0;
  return error;
}
