// SPDX-License-Identifier: MIT
// Which channels a level keeps: of each run of a tensor's channels the first ones.
#ifndef LOTTAVA_NN_PLACES_H_
#define LOTTAVA_NN_PLACES_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Run lengths and how much of each is kept: u16, little-endian, without alignment. No runs: all is kept.
typedef struct NnPlaces {
  const uint8_t *whole, *kept;
  uint32_t runs;
} NnPlaces;

// The same places in blocks that lie side by side, a gate each.
typedef struct NnSlice {
  NnPlaces places;
  uint32_t size, whole;  // of a block, kept and in the blob
} NnSlice;

static inline uint32_t nn_read_u16(const uint8_t* address, uint32_t index) {
  return address[2u * index] | (uint32_t)address[2u * index + 1u] << 8;
}

// Channel of the whole tensor that the index-th kept one is; index below the number of those.
uint32_t nn_place(const NnPlaces* places, uint32_t index);

// Row or channel of the blob's array; NULL: all are kept.
uint32_t nn_slice_place(const NnSlice* slice, uint32_t index);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_PLACES_H_
