// SPDX-License-Identifier: MIT
// The level table of a blob: narrower networks that are a part of its one, as lottava/levels.py says.
//
//   u16 runs[tensor_count] | u16 widths[1 + level_count][all runs]
//
// Behind the layer table, where the header counts levels; widths of level 0 are the runs themselves.
#ifndef LOTTAVA_NN_LEVELS_H_
#define LOTTAVA_NN_LEVELS_H_

#include <stdint.h>

#include "nn/blob.h"

#ifdef __cplusplus
extern "C" {
#endif

// Find the table at `*end` and move that behind it; without levels it stays. Sets what nn_blob_places needs.
NnError nn_find_levels(NnBlob* blob, uint32_t* end);

// Whether each level of a blob whose network is sound is one, too, within the next wider one. Leaves level 0 chosen.
NnError nn_check_levels(NnBlob* blob);

// Channels of a tensor that the chosen level keeps.
NnPlaces nn_blob_places(const NnBlob* blob, uint32_t tensor);

// How many those are.
uint32_t nn_kept(const NnPlaces* places, uint32_t size);

// Groups and offset of a layer, as the whole network has them, at the chosen level.
void nn_narrow_layer(const NnBlob* blob, NnBlobLayer* layer);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_LEVELS_H_
