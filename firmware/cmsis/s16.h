// SPDX-License-Identifier: MIT
// What both s16 adapters hand to CMSIS-NN beside weights and columns.
#ifndef LOTTAVA_CMSIS_S16_H_
#define LOTTAVA_CMSIS_S16_H_

#include <stdint.h>

#include "nn/matmul.h"

#define CMSIS_MAX_ROWS 1024    // four gates of 256, the widest that a voice may have (generated/blob_format.h)
#define CMSIS_MAX_FAN_IN 2048  // generated/blob_format.h

// Working memory of one call; between calls nothing in it counts. Too large for what is left of DTCM.
typedef struct CmsisScratch {
  int64_t bias[CMSIS_MAX_ROWS];
  int32_t multiplier[CMSIS_MAX_ROWS], shift[CMSIS_MAX_ROWS];
  int16_t windows[2 * CMSIS_MAX_FAN_IN];
} CmsisScratch;

extern CmsisScratch cmsis_scratch;

// CMSIS-NN's bias, multiplier and shift of `count` rows to the scratch memory.
void cmsis_unfold(const NnRows* rows, uint32_t count);

#endif  // LOTTAVA_CMSIS_S16_H_
