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
    memcpy(network->tensors[i], codes, network->sizes[i] * sizeof(int16_t));
    codes += network->sizes[i];
  }
}

int lottava_builtin_selftest(NnNetwork* network, void* arena, size_t arena_length) {
  if (nn_load(network, &lottava_voice, sizeof(lottava_voice), arena, arena_length) != NN_OK) {
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
