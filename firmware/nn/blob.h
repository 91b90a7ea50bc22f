// SPDX-License-Identifier: MIT
// The voice blob: layout in memory, and the check that every byte of it is fit to run.
//
//   NnBlobHeader (96 B) | NnBlobTensor x tensor_count | pad to 16 | NnBlobLayer x layer_count | arrays, each at 16
//
// Little-endian. Arrays stand in layer order, each layer's in CMSIS-NN's: weight s8 [rows][columns], bias s32,
// multiplier s32, shift s32; a GRU's: weight_ih, weight_hh, bias_ih, bias_hh, multiplier_ih, shift_ih,
// multiplier_hh, shift_hh, gates in the order r, z, n. Padding is zero.
#ifndef LOTTAVA_NN_BLOB_H_
#define LOTTAVA_NN_BLOB_H_

#include <stddef.h>
#include <stdint.h>

#include "generated/blob_format.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum NnError {
  NN_OK,
  NN_ERROR_LENGTH,       // shorter than its tables say, longer than its header says, or no blob
  NN_ERROR_MAGIC,
  NN_ERROR_VERSION,
  NN_ERROR_CRC,
  NN_ERROR_COUNT,        // more layers, tensors or inputs than the runner holds, or none
  NN_ERROR_TENSOR,       // size, role or scale
  NN_ERROR_LAYER,        // unknown kind, wrong shapes, reads before writes, writes twice
  NN_ERROR_OFFSET,       // an array is not where the order of arrays puts it
  NN_ERROR_WEIGHT,       // -128 is not a symmetric s8 weight
  NN_ERROR_MULTIPLIER,   // requantisation factor outside [2^-17, 0.5)
  NN_ERROR_ACCUMULATOR,  // a layer claims 32-bit accumulators that its weights can overflow
  NN_ERROR_ARENA,        // too small or not 16-byte aligned
  NN_ERROR_VOICE,        // a sound network, but not one that this synthesiser can play
} NnError;

enum NnKind { NN_DENSE, NN_GRU, NN_CONCAT };
enum NnActivation { NN_NONE, NN_RELU };

// What the synthesiser needs beside the network.
typedef struct NnBlobVoice {
  float gain;
  float loudness_lo_db, loudness_hi_db;       // A-weighted loudness at network input -1 and +1
  float range_lo_volts, range_hi_volts;       // pitches that the training data held, 0 V = C4
  float tilt, breath_db, body_db, ripple_db;  // DSP edits of axes that the data could not teach; 0 = off
  uint32_t partials, bands;
} NnBlobVoice;

typedef struct NnBlobHeader {
  uint32_t magic;
  uint16_t version;
  uint16_t layer_count;
  uint32_t length;  // of the whole blob
  uint32_t crc32;
  uint8_t graph_sha256[32];
  NnBlobVoice voice;
  uint8_t tensor_count;
  uint8_t input_count;    // tensors 0 .. input_count - 1
  uint8_t output_tensor;
  uint8_t reserved;
} NnBlobHeader;

typedef struct NnBlobTensor {
  float scale;  // value of one s16 code
  uint16_t size;
  uint16_t reserved;
} NnBlobTensor;

typedef struct NnBlobLayer {
  uint8_t kind, activation;
  uint8_t wide;  // one bit a product (dense or ih: 1, hh: 2) that needs a 64-bit accumulator
  uint8_t input_count;
  uint8_t inputs[NN_MAX_PARTS];
  uint8_t shifts[NN_MAX_PARTS];  // concat: input k is rounded down by 2^shift to the output's scale
  uint8_t output;
  uint8_t reserved[3];
  uint32_t offsets[NN_MAX_ARRAYS];  // from the start of the blob; 0 = none
} NnBlobLayer;

// A checked blob: tables copied out, arrays still in place.
typedef struct NnBlob {
  const uint8_t* bytes;
  NnBlobHeader header;
  NnBlobTensor tensors[NN_MAX_TENSORS];
  NnBlobLayer layers[NN_MAX_LAYERS];
} NnBlob;

// One product of a layer: weight [rows][columns] and what follows it per row, as byte addresses without alignment.
typedef struct NnProduct {
  const uint8_t *weight, *bias, *multiplier, *shift;
  uint32_t rows, columns;
  int wide;
} NnProduct;

// Fill `blob` from `length` bytes, or say what is wrong with them. Reads nothing outside.
NnError nn_blob_check(const void* bytes, size_t length, NnBlob* blob);

// The products of a checked layer: 1 (dense), 2 (gru: ih, hh) or 0 (concat); the return value is their number.
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
