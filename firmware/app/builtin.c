// SPDX-License-Identifier: MIT
// C, because the generated header initialises by name, which C++17 does not know.
#include "app/builtin.h"

#include <string.h>

#include "golden.h"
#include "voice_blob.h"

const void* lottava_builtin_voice(size_t* length) {
  *length = sizeof(lottava_voice);
  return &lottava_voice;
}

// Returns the codes behind those of this run.
static const int16_t* set_inputs(NnNetwork* network, const int16_t* codes) {
  for (uint32_t i = 0; i < network->input_count; ++i) {
    const NnTensor* tensor = &network->tensors[i];
    const uint32_t due = nn_due(network, i, GOLDEN_TICKS);
    for (uint32_t column = 0; column < due; ++column, codes += tensor->size) {
      memcpy(tensor->columns + column * tensor->padded, codes, tensor->size * sizeof(int16_t));
    }
  }
  return codes;
}

static int differs(const NnNetwork* network, const int16_t* codes) {
  const NnTensor* output = &network->tensors[network->output_tensor];
  int found = 0;
  for (uint32_t column = 0; column < GOLDEN_TICKS; ++column, codes += output->size) {
    found |= memcmp(output->columns + column * output->padded, codes, output->size * sizeof(int16_t));
  }
  return found != 0;
}

int lottava_builtin_selftest(NnNetwork* network, const NnMemory memories[NN_MEMORIES]) {
  if (nn_load(network, &lottava_voice, sizeof(lottava_voice), memories) != NN_OK) {
    return -1;
  }
  const int16_t *inputs = golden_inputs, *outputs = golden_outputs;
  int missed = 0;
  for (uint32_t run = 0; run < GOLDEN_RUNS; ++run) {
    inputs = set_inputs(network, inputs);
    nn_run(network, GOLDEN_TICKS);
    missed += differs(network, outputs);
    outputs += GOLDEN_TICKS * network->tensors[network->output_tensor].size;
  }
  return missed;
}
