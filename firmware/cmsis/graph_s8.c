// SPDX-License-Identifier: MIT
// Each layer is one call of a CMSIS-NN kernel over the columns due: height 1, time along the width, no padding.
#include "cmsis/graph_s8.h"

#include <arm_nnfunctions.h>
#include <string.h>

// The arena opens with the tick, counted modulo the graph's period, in 16 bytes of its own.
static uint32_t tick_of(const void* arena) { return *(const uint32_t*)arena; }

// Columns at ticks before `tick`.
static uint32_t columns_before(uint32_t tick, uint32_t period) { return (tick + period - 1) / period; }

// The stretch of time that a layer computes in one call.
typedef struct Span {
  const int8_t* input;  // oldest column of the first window
  int8_t* output;
  int32_t inputs, outputs;  // columns
} Span;

static Span span_of(const CmsisGraph* graph, void* arena, const CmsisLayer* layer, uint32_t ticks) {
  const CmsisTensor* in = &graph->tensors[layer->input];
  const CmsisTensor* out = &graph->tensors[layer->output];
  const uint32_t tick = tick_of(arena), reach = (layer->kernel - 1u) * layer->dilation;
  const uint32_t outputs = cmsis_columns_due(graph, arena, layer->output, ticks);
  // A stride lets columns pass: the first output belongs to the input column of its own tick.
  const uint32_t first = columns_before(tick, out->period) * layer->stride - columns_before(tick, in->period);
  const int8_t* newest = cmsis_columns(graph, arena, layer->input) + first * in->size;
  const uint32_t inputs = outputs ? (outputs - 1) * layer->stride + 1 + reach : 0;
  return (Span){newest - reach * in->size, cmsis_columns(graph, arena, layer->output), (int32_t)inputs,
                (int32_t)outputs};
}

static cmsis_nn_activation clamp_of(const CmsisLayer* layer) {
  return (cmsis_nn_activation){.min = layer->relu ? 0 : INT8_MIN, .max = INT8_MAX};
}

// CMSIS-NN declares what it only reads as pointers to non-const.
static cmsis_nn_per_channel_quant_params factors_of(const CmsisLayer* layer) {
  return (cmsis_nn_per_channel_quant_params){(int32_t*)(uintptr_t)layer->multiplier,
                                             (int32_t*)(uintptr_t)layer->shift};
}

static int32_t convolve(const CmsisLayer* layer, int32_t in_size, int32_t out_size, Span span,
                        cmsis_nn_context scratch) {
  const cmsis_nn_dims input = {1, 1, span.inputs, in_size}, output = {1, 1, span.outputs, out_size};
  const cmsis_nn_dims filter = {out_size, 1, layer->kernel, in_size}, bias = {1, 1, 1, out_size};
  const cmsis_nn_conv_params parameters = {
      .stride = {layer->stride, 1}, .dilation = {layer->dilation, 1}, .activation = clamp_of(layer)};
  const cmsis_nn_per_channel_quant_params factors = factors_of(layer);
  if (arm_convolve_wrapper_s8_get_buffer_size(&parameters, &input, &filter, &output) > scratch.size) {
    return CMSIS_SMALL_ARENA;
  }
  const int status = arm_convolve_wrapper_s8(&scratch, &parameters, &factors, &input, span.input, &filter,
                                             layer->weight, &bias, layer->bias, &output, span.output);
  return status == ARM_CMSIS_NN_SUCCESS ? CMSIS_OK : CMSIS_KERNEL_REFUSED;
}

static int32_t depthwise(const CmsisLayer* layer, int32_t in_size, int32_t out_size, Span span,
                         cmsis_nn_context scratch) {
  const cmsis_nn_dims input = {1, 1, span.inputs, in_size}, output = {1, 1, span.outputs, out_size};
  const cmsis_nn_dims filter = {1, 1, layer->kernel, out_size}, bias = {1, 1, 1, out_size};
  const cmsis_nn_dw_conv_params parameters = {.ch_mult = out_size / in_size,
                                              .stride = {layer->stride, 1},
                                              .dilation = {layer->dilation, 1},
                                              .activation = clamp_of(layer)};
  const cmsis_nn_per_channel_quant_params factors = factors_of(layer);
  if (arm_depthwise_conv_wrapper_s8_get_buffer_size(&parameters, &input, &filter, &output) > scratch.size) {
    return CMSIS_SMALL_ARENA;
  }
  const int status = arm_depthwise_conv_wrapper_s8(&scratch, &parameters, &factors, &input, span.input, &filter,
                                                   layer->weight, &bias, layer->bias, &output, span.output);
  return status == ARM_CMSIS_NN_SUCCESS ? CMSIS_OK : CMSIS_KERNEL_REFUSED;
}

static int32_t fully_connected(const CmsisLayer* layer, int32_t in_size, int32_t out_size, Span span,
                               cmsis_nn_context scratch) {
  const cmsis_nn_dims input = {span.inputs, 1, 1, in_size}, output = {span.outputs, 1, 1, out_size};
  const cmsis_nn_dims filter = {in_size, 1, 1, out_size}, bias = {1, 1, 1, out_size};
  const cmsis_nn_fc_params parameters = {.activation = clamp_of(layer)};
  const cmsis_nn_per_tensor_quant_params factor = {layer->multiplier[0], layer->shift[0]};
  const int status = arm_fully_connected_s8(&scratch, &parameters, &factor, &input, span.input, &filter, layer->weight,
                                            &bias, layer->bias, &output, span.output);
  return status == ARM_CMSIS_NN_SUCCESS ? CMSIS_OK : CMSIS_KERNEL_REFUSED;
}

static int32_t run_layer(const CmsisGraph* graph, void* arena, const CmsisLayer* layer, uint32_t ticks) {
  const int32_t in_size = graph->tensors[layer->input].size, out_size = graph->tensors[layer->output].size;
  const cmsis_nn_context scratch = {(uint8_t*)arena + graph->scratch_offset, (int32_t)graph->scratch_bytes};
  const Span span = span_of(graph, arena, layer, ticks);
  if (span.outputs == 0) {
    return CMSIS_OK;
  }
  if (layer->kind == CMSIS_CONVOLVE) {
    return convolve(layer, in_size, out_size, span, scratch);
  }
  if (layer->kind == CMSIS_DEPTHWISE) {
    return depthwise(layer, in_size, out_size, span, scratch);
  }
  return fully_connected(layer, in_size, out_size, span, scratch);
}

void cmsis_reset(const CmsisGraph* graph, void* arena) { memset(arena, 0, graph->arena_bytes); }

uint32_t cmsis_columns_due(const CmsisGraph* graph, const void* arena, uint32_t tensor, uint32_t ticks) {
  const uint32_t tick = tick_of(arena), period = graph->tensors[tensor].period;
  return columns_before(tick + ticks, period) - columns_before(tick, period);
}

int8_t* cmsis_columns(const CmsisGraph* graph, void* arena, uint32_t tensor) {
  const CmsisTensor* t = &graph->tensors[tensor];
  return (int8_t*)arena + t->offset + (uint32_t)t->history * t->size;
}

int32_t cmsis_run(const CmsisGraph* graph, void* arena, uint32_t ticks) {
  if (ticks == 0 || ticks > graph->block) {
    return CMSIS_BAD_TICKS;
  }
  for (uint32_t i = 0; i < graph->layer_count; ++i) {
    const int32_t error = run_layer(graph, arena, &graph->layers[i], ticks);
    if (error) {
      return error;
    }
  }
  // What windows of the next call reach back to moves to the front; this call's columns stay readable behind it.
  for (uint32_t i = 0; i < graph->tensor_count; ++i) {
    const CmsisTensor* t = &graph->tensors[i];
    int8_t* columns = (int8_t*)arena + t->offset;
    memmove(columns, columns + cmsis_columns_due(graph, arena, i, ticks) * t->size, (uint32_t)t->history * t->size);
  }
  *(uint32_t*)arena = (tick_of(arena) + ticks) % graph->period;
  return CMSIS_OK;
}
