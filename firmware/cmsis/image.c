// SPDX-License-Identifier: MIT
// The graph of cmsis_graph_s8.h with its arena, as an image for the bare core of lottava.emulator.machine.
#include "cmsis_graph_s8.h"

#include "cmsis/graph_s8.h"

static uint32_t arena[(LOTTAVA_S8_ARENA_BYTES + 3) / 4];

void cmsis_image_reset(void) { cmsis_reset(&lottava_s8, arena); }

uint32_t cmsis_image_columns_due(uint32_t tensor, uint32_t ticks) {
  return cmsis_columns_due(&lottava_s8, arena, tensor, ticks);
}

int8_t* cmsis_image_columns(uint32_t tensor) { return cmsis_columns(&lottava_s8, arena, tensor); }

int32_t cmsis_image_run(uint32_t ticks) { return cmsis_run(&lottava_s8, arena, ticks); }
