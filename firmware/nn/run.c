// SPDX-License-Identifier: MIT
// Run the layers in order over the columns that are due, and let the clocks go on.
#include "nn/layers.h"
#include "nn/network.h"

uint32_t nn_due(const NnNetwork* network, uint32_t tensor, uint32_t ticks) {
  const NnClock* clock = network->tensors[tensor].clock;
  return ticks <= clock->next ? 0 : 1 + (ticks - 1 - clock->next) / clock->period;
}

// Columns of this run; most clocks have at most one, and need no division.
static void start_clocks(NnNetwork* network, uint32_t ticks) {
  for (uint32_t i = 0; i < network->clock_count; ++i) {
    NnClock* clock = &network->clocks[i];
    const uint32_t after = ticks - 1 - clock->next;
    clock->count = ticks <= clock->next ? 0 : after < clock->period ? 1 : 1 + after / clock->period;
  }
}

static void advance_clocks(NnNetwork* network, uint32_t ticks) {
  for (uint32_t i = 0; i < network->clock_count; ++i) {
    NnClock* clock = &network->clocks[i];
    clock->next += clock->count * clock->period - ticks;
  }
}

static void run_layer(const NnNetwork* network, NnLayer* layer) {
  switch (layer->kind) {
    case NN_DENSE:
      nn_run_dense(layer);
      break;
    case NN_CONV1D:
      nn_run_conv1d(layer, network->scratch);
      break;
    case NN_GATED_CONV1D:
      nn_run_gated_conv1d(layer, network->scratch);
      break;
    case NN_CONV_TRANSPOSE1D:
      nn_run_conv_transpose1d(layer, network->scratch);
      break;
    case NN_GRU:
      nn_run_gru(layer, network->scratch);
      break;
    case NN_LSTM:
      nn_run_lstm(layer, network->scratch);
      break;
    case NN_BROADCAST:
      nn_run_broadcast(layer);
      break;
    case NN_INTERPOLATE:
      nn_run_interpolate(layer);
      break;
    default:
      nn_run_pointwise(layer);
  }
}

void nn_run(NnNetwork* network, uint32_t ticks) {
  if (ticks < 1 || ticks > network->block) {
    return;
  }
  start_clocks(network, ticks);
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    if (network->layers[i].clock->count > 0) {
      run_layer(network, &network->layers[i]);
    }
  }
  advance_clocks(network, ticks);
}

void nn_restart(NnNetwork* network) {
  for (uint32_t i = 0; i < network->layer_count; ++i) {
    if (network->layers[i].kind == NN_INTERPOLATE) {
      nn_end_line(&network->layers[i]);
    }
  }
  for (uint32_t i = 0; i < network->clock_count; ++i) {
    network->clocks[i].next = 0;
  }
}
