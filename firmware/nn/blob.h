// SPDX-License-Identifier: MIT
// The voice blob: layout in memory, and the check that every byte of it is fit to run.
//
//   NnBlobHeader (132 B) | NnBlobTensor x tensor_count | pad to 16 | NnBlobLayer x layer_count | levels | arrays, each at 16
//
// Little-endian. Arrays stand in layer order, each layer's in CMSIS-NN's: weight s8 [rows][taps][channels], bias s32,
// multiplier s32, shift s32; a GRU's or an LSTM's: weight_ih, weight_hh, bias_ih, bias_hh, multiplier_ih, shift_ih,
// multiplier_hh, shift_hh, gates in PyTorch's order. Padding is zero. lottava/layers.py says what the kinds compute.
#ifndef LOTTAVA_NN_BLOB_H_
#define LOTTAVA_NN_BLOB_H_

#include <stddef.h>
#include <stdint.h>

#include "generated/blob_format.h"
#include "nn/places.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum NnError {
  NN_OK,
  NN_ERROR_LENGTH,       // shorter than its tables say, longer than its header says, or no blob
  NN_ERROR_MAGIC,
  NN_ERROR_VERSION,
  NN_ERROR_CRC,
  NN_ERROR_COUNT,        // more layers, tensors, inputs or ticks than the runner holds, or none
  NN_ERROR_TENSOR,       // size, period, role or scale
  NN_ERROR_LAYER,        // unknown kind, wrong shapes or options, reads before writes, writes twice
  NN_ERROR_OFFSET,       // an array is not where the order of arrays puts it
  NN_ERROR_WEIGHT,       // -128 is not a symmetric s8 weight
  NN_ERROR_MULTIPLIER,   // requantisation factor outside [2^-17, 0.5)
  NN_ERROR_ACCUMULATOR,  // a layer claims 32-bit accumulators that its weights can overflow
  NN_ERROR_ARENA,        // too small, missing or not 16-byte aligned
  NN_ERROR_VOICE,        // a sound network, but not one that a player of the module can play
  NN_ERROR_LEVEL,        // a level table that tears channels apart, or grows
} NnError;

// What a player needs beside the network.
typedef struct NnBlobVoice {
  float gain;
  float loudness_lo_db, loudness_hi_db;       // A-weighted loudness at network input -1 and +1
  float range_lo_volts, range_hi_volts;       // pitches that the training data held, 0 V = C4
  float tilt, breath_db, body_db, ripple_db;  // DSP edits of axes that the data could not teach; 0 = off
  uint32_t partials, bands;                   // of the synthesiser; sines of the source and 0 for a source-filter
  float merge[8], merge_bias;                 // what makes one source of those sines
} NnBlobVoice;

typedef struct NnBlobHeader {
  uint32_t magic;
  uint16_t version;
  uint8_t layer_count;
  uint8_t level_count;  // narrower networks within this one: nn/levels.h
  uint32_t length;  // of the whole blob
  uint32_t crc32;
  uint8_t graph_sha256[32];
  NnBlobVoice voice;
  uint8_t tensor_count;
  uint8_t input_count;  // tensors 0 .. input_count - 1
  uint8_t output_tensor;
  uint8_t block;  // ticks that one run takes at most
} NnBlobHeader;

typedef struct NnBlobTensor {
  float scale;      // value of one s16 code
  uint16_t size;    // values of a column
  uint16_t period;  // ticks from one column to the next
} NnBlobTensor;

typedef struct NnBlobLayer {
  uint8_t kind, activation;
  uint8_t wide;  // one bit a product (ih or the only one: 1, hh: 2) that needs a 64-bit accumulator
  uint8_t input_count;
  uint8_t inputs[NN_MAX_PARTS];
  uint8_t shifts[NN_MAX_PARTS];  // of each input to the common scale: concat to the right, add to the left
  uint8_t output;
  uint8_t memory;  // arena of its weights and state: enum NnMemoryKind
  uint8_t shift;   // add, multiply: of the result, to the right
  uint8_t reserved;
  uint16_t kernel, dilation, groups, stride;  // 1 where the kind takes none
  uint16_t offset;                            // split: first channel
  uint16_t whole_groups;           // 0; of a layer at a narrower level: the groups of the whole network's
  uint32_t arrays[NN_MAX_ARRAYS];  // from the start of the blob; 0 = none
} NnBlobLayer;

// A blob whose header and tables are known to lie inside it, seen at one of its levels.
typedef struct NnBlob {
  const uint8_t* bytes;
  NnBlobHeader header;
  const uint8_t* levels;  // the level table
  uint32_t runs;          // of all tensors, there
  uint32_t level;         // chosen; 0: the whole network
} NnBlob;

// One product of a layer: weight [rows][columns] and what follows it per row, as byte addresses without alignment.
typedef struct NnProduct {
  const uint8_t *weight, *bias, *multiplier, *shift;
  uint32_t rows, columns;  // at the chosen level
  uint32_t stride;         // columns in the blob
  NnSlice row_slice;       // which of the blob's rows
  NnSlice channel_slice;   // and of each tap's channels
  int wide;
} NnProduct;

// Fill `blob` from `length` bytes, or say what is wrong with them. Reads nothing outside.
NnError nn_blob_check(const void* bytes, size_t length, NnBlob* blob);

// Records of the tables at the chosen level; index below the header's count.
NnBlobTensor nn_blob_tensor(const NnBlob* blob, uint32_t index);
void nn_blob_layer(const NnBlob* blob, uint32_t index, NnBlobLayer* layer);

// The same of the whole network.
NnBlobTensor nn_blob_whole_tensor(const NnBlob* blob, uint32_t index);
void nn_blob_whole_layer(const NnBlob* blob, uint32_t index, NnBlobLayer* layer);

// The products of a layer, 0 to 2 (gru, lstm: ih, hh); the return value is their number.
uint32_t nn_blob_products(const NnBlob* blob, const NnBlobLayer* layer, NnProduct products[2]);

// CRC-32 of IEEE 802.3 (zlib's).
uint32_t nn_crc32(const void* bytes, size_t length);

static inline int32_t nn_read_s32(const uint8_t* address, uint32_t index) {
  const uint8_t* p = address + 4u * index;
  return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_BLOB_H_
