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

static void set_inputs(NnNetwork* network, const int16_t* codes) {
  for (uint32_t i = 0; i < network->input_count; ++i) {
    memcpy(nn_input(network, i), codes, network->tensors[i].size * sizeof(int16_t));
    codes += network->tensors[i].size;
  }
}

int lottava_builtin_selftest(NnNetwork* network, const NnMemory memories[NN_MEMORIES]) {
  if (nn_load(network, &lottava_voice, sizeof(lottava_voice), memories) != NN_OK) {
    return -1;
  }
  int missed = 0;
  for (uint32_t frame = 0; frame < GOLDEN_FRAMES; ++frame) {
    set_inputs(network, golden_inputs[frame]);
    nn_step(network);
    missed += memcmp(nn_output(network), golden_outputs[frame], sizeof(golden_outputs[frame])) != 0;
  }
  return missed;
}
