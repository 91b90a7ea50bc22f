// SPDX-License-Identifier: MIT
// What the kernels take for granted about a layer, kind by kind.
#include "nn/layer_check.h"

#define GATE_SCALE 0x1p-12f
#define UNIT_SCALE 0x1p-15f
#define EXP2_SCALE 0x1p-11f
#define MAX_SHIFT 15  // of one s16 against another
#define MAX_PRODUCT_SHIFT 30
#define MAX_KERNEL 64
#define MAX_STRIDE 64
#define MAX_DILATION 4096
#define MIN_STEPS 2
#define MAX_STEPS 4096

// A layer with its tensors.
typedef struct Case {
  const NnBlobLayer* layer;
  NnBlobTensor in[NN_MAX_PARTS];
  NnBlobTensor out;
} Case;

static int is(float a, float b) { return !(a < b || a > b); }

static int same_size(const Case* c) {
  int same = 1;
  for (uint32_t i = 0; i < c->layer->input_count; ++i) {
    same &= c->in[i].size == c->out.size;
  }
  return same;
}

static int same_period(const Case* c) {
  int same = 1;
  for (uint32_t i = 0; i < c->layer->input_count; ++i) {
    same &= c->in[i].period == c->out.period;
  }
  return same;
}

static NnError scale_is(const Case* c, float scale) { return is(c->out.scale, scale) ? NN_OK : NN_ERROR_TENSOR; }

static float power_of_two(uint32_t shift) { return (float)(1u << shift); }

// Kernel, dilation, groups and stride of a convolution.
static NnError check_conv(const Case* c) {
  const NnBlobLayer* layer = c->layer;
  if (layer->kernel > MAX_KERNEL || layer->stride > MAX_STRIDE || layer->dilation > MAX_DILATION ||
      c->in[0].size % layer->groups != 0 || c->out.size % layer->groups != 0) {
    return NN_ERROR_LAYER;
  }
  return layer->kernel * (c->in[0].size / layer->groups) <= NN_MAX_FAN_IN ? NN_OK : NN_ERROR_LAYER;
}

static NnError check_conv1d(const Case* c) {
  return c->out.period == c->in[0].period * c->layer->stride ? check_conv(c) : NN_ERROR_LAYER;
}

// A condition changes with the columns of x or, held, less often.
static NnError check_gated(const Case* c) {
  if (c->layer->groups != 1 || c->layer->stride != 1 || c->in[0].period != c->out.period) {
    return NN_ERROR_LAYER;
  }
  if (c->layer->input_count == 2) {
    if (c->in[1].size != 2 * c->out.size || c->in[1].period % c->out.period != 0) {
      return NN_ERROR_LAYER;
    }
    if (!is(c->in[1].scale, GATE_SCALE)) {
      return NN_ERROR_TENSOR;
    }
  }
  const NnError error = check_conv(c);
  return error != NN_OK ? error : scale_is(c, UNIT_SCALE);
}

static NnError check_conv_transpose(const Case* c) {
  const NnBlobLayer* layer = c->layer;
  if (layer->groups != 1 || layer->dilation != 1 || layer->kernel < layer->stride ||
      c->in[0].period != c->out.period * layer->stride) {
    return NN_ERROR_LAYER;
  }
  return check_conv(c);
}

static NnError check_recurrent(const Case* c) {
  return c->out.size <= NN_MAX_HIDDEN && same_period(c) ? scale_is(c, UNIT_SCALE) : NN_ERROR_LAYER;
}

static NnError check_concat(const Case* c) {
  uint32_t size = 0;
  for (uint32_t i = 0; i < c->layer->input_count; ++i) {
    if (c->layer->shifts[i] > MAX_SHIFT) {
      return NN_ERROR_LAYER;
    }
    if (!is(c->in[i].scale * power_of_two(c->layer->shifts[i]), c->out.scale)) {
      return NN_ERROR_TENSOR;
    }
    size += c->in[i].size;
  }
  return size == c->out.size && same_period(c) ? NN_OK : NN_ERROR_LAYER;
}

// Every input on the same grid, and a sum of 32 bits: parts * 2^shift <= 2^15.
static NnError check_add(const Case* c) {
  const NnBlobLayer* layer = c->layer;
  const float grid = c->in[0].scale / power_of_two(layer->shifts[0] & 31);
  if (layer->input_count < 2 || layer->shift > MAX_SHIFT || !same_size(c) || !same_period(c)) {
    return NN_ERROR_LAYER;
  }
  for (uint32_t i = 0; i < layer->input_count; ++i) {
    if (layer->shifts[i] > MAX_SHIFT || (uint32_t)layer->input_count << layer->shifts[i] > 1u << MAX_SHIFT) {
      return NN_ERROR_LAYER;
    }
    if (!is(c->in[i].scale / power_of_two(layer->shifts[i]), grid)) {
      return NN_ERROR_TENSOR;
    }
  }
  return scale_is(c, grid * power_of_two(layer->shift));
}

static NnError check_multiply(const Case* c) {
  const uint32_t shift = c->layer->shift;
  if (c->layer->input_count != 2 || !same_size(c) || !same_period(c) || shift < 1 || shift > MAX_PRODUCT_SHIFT) {
    return NN_ERROR_LAYER;
  }
  return scale_is(c, c->in[0].scale * c->in[1].scale * power_of_two(shift));
}

static NnError check_split(const Case* c) {
  const int inside = c->layer->offset <= c->in[0].size && c->out.size <= c->in[0].size - c->layer->offset;
  return inside && same_period(c) ? scale_is(c, c->in[0].scale) : NN_ERROR_LAYER;
}

static NnError check_broadcast(const Case* c) {
  const int fits = c->out.size % c->in[0].size == 0 && c->in[0].period % c->out.period == 0;
  return fits ? scale_is(c, c->in[0].scale) : NN_ERROR_LAYER;
}

static NnError check_interpolate(const Case* c) {
  const uint32_t steps = c->in[0].period / c->out.period;
  const int fits = same_size(c) && c->in[0].period % c->out.period == 0 && steps >= MIN_STEPS && steps <= MAX_STEPS;
  return fits ? scale_is(c, c->in[0].scale) : NN_ERROR_LAYER;
}

static NnError check_activation(const Case* c) {
  const uint32_t function = c->layer->activation;
  if (function == NN_NONE || function > NN_LAST_ACTIVATION || !same_size(c) || !same_period(c)) {
    return NN_ERROR_LAYER;
  }
  const int grows = function == NN_RELU || function == NN_ELU || function == NN_LEAKY_RELU;
  const float scale = function == NN_EXP2 ? EXP2_SCALE : grows ? GATE_SCALE : UNIT_SCALE;
  return is(c->in[0].scale, GATE_SCALE) ? scale_is(c, scale) : NN_ERROR_TENSOR;
}

static NnError check_kind(const Case* c) {
  switch (c->layer->kind) {
    case NN_DENSE:
      return same_period(c) ? NN_OK : NN_ERROR_LAYER;
    case NN_CONV1D:
      return check_conv1d(c);
    case NN_GATED_CONV1D:
      return check_gated(c);
    case NN_CONV_TRANSPOSE1D:
      return check_conv_transpose(c);
    case NN_SCALE:
      return same_size(c) && same_period(c) ? NN_OK : NN_ERROR_LAYER;
    case NN_GRU:
    case NN_LSTM:
      return check_recurrent(c);
    case NN_CONCAT:
      return check_concat(c);
    case NN_ADD:
      return check_add(c);
    case NN_MULTIPLY:
      return check_multiply(c);
    case NN_SPLIT:
      return check_split(c);
    case NN_BROADCAST:
      return check_broadcast(c);
    case NN_INTERPOLATE:
      return check_interpolate(c);
    case NN_ACTIVATION:
      return check_activation(c);
    default:
      return NN_ERROR_LAYER;
  }
}

// Fields that the kind has no use for are at their defaults; at most one input but where the kind takes more.
static NnError check_fields(const NnBlobLayer* layer) {
  const uint32_t kind = layer->kind;
  const int shifted = kind == NN_CONCAT || kind == NN_ADD;
  const int convolves = kind == NN_CONV1D || kind == NN_GATED_CONV1D || kind == NN_CONV_TRANSPOSE1D;
  const uint32_t most = shifted ? NN_MAX_PARTS : kind == NN_MULTIPLY || kind == NN_GATED_CONV1D ? 2 : 1;
  int sound = layer->input_count <= most && layer->memory < NN_MEMORIES && layer->reserved == 0 &&
              layer->whole_groups == 0 && layer->kernel >= 1 && layer->dilation >= 1 && layer->groups >= 1 &&
              layer->stride >= 1 && layer->wide <= 3 && (kind == NN_SPLIT || layer->offset == 0) &&
              (kind == NN_ADD || kind == NN_MULTIPLY || layer->shift == 0);
  for (uint32_t i = 0; i < NN_MAX_PARTS; ++i) {
    sound &= (shifted && i < layer->input_count) || layer->shifts[i] == 0;
  }
  if (!convolves) {
    sound &= layer->kernel == 1 && layer->dilation == 1 && layer->groups == 1 && layer->stride == 1;
  }
  return sound ? NN_OK : NN_ERROR_LAYER;
}

// A rectifier behind a product gives codes at 2^-12; no other function may stand there.
static NnError check_rectifier(const Case* c) {
  const uint32_t kind = c->layer->kind;
  if (kind == NN_ACTIVATION || c->layer->activation == NN_NONE) {
    return NN_OK;
  }
  const int may = kind == NN_DENSE || kind == NN_CONV1D || kind == NN_CONV_TRANSPOSE1D;
  return may && c->layer->activation == NN_RELU ? scale_is(c, GATE_SCALE) : NN_ERROR_LAYER;
}

NnError nn_check_layer(const NnBlob* blob, const NnBlobLayer* layer) {
  NnError error = check_fields(layer);
  if (error != NN_OK) {
    return error;
  }
  Case c;
  c.layer = layer;
  c.out = nn_blob_tensor(blob, layer->output);
  for (uint32_t i = 0; i < layer->input_count; ++i) {
    c.in[i] = nn_blob_tensor(blob, layer->inputs[i]);
  }
  error = check_rectifier(&c);
  return error != NN_OK ? error : check_kind(&c);
}
