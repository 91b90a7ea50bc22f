// SPDX-License-Identifier: MIT
// The graph runner: load a blob into memory of the caller, then run it, one or more ticks a call.
#ifndef LOTTAVA_NN_NETWORK_H_
#define LOTTAVA_NN_NETWORK_H_

#include <stddef.h>
#include <stdint.h>

#include "nn/blob.h"
#include "nn/depthwise.h"
#include "nn/matmul.h"

#ifdef __cplusplus
extern "C" {
#endif

// Memory that the caller keeps for a network, 16-byte aligned; {NULL, 0} where there is none.
typedef struct NnMemory {
  void* base;
  size_t length;
} NnMemory;

// One clock for all tensors of a period.
typedef struct NnClock {
  uint32_t period;
  uint32_t next;   // ticks from the start of the run to its first column
  uint32_t count;  // columns of the run
} NnClock;

typedef struct NnTensor {
  int16_t* columns;  // those of one run: [ceil(block / period)][padded], the padding zero
  const NnClock* clock;
  float scale;
  uint16_t size, padded;  // to a multiple of four
} NnTensor;

typedef struct NnLayer {
  const NnTensor* parts[NN_MAX_PARTS];
  const NnTensor* output;
  const NnClock* clock;          // the quicker one of the first part and the output
  const NnMatrix* matrices;      // one a group (conv1d), phase (conv_transpose1d) or side (gru, lstm)
  const NnDepthwise* depthwise;  // instead: conv1d with one channel a group, scale
  const uint32_t* table;         // activation; NULL for a rectifier
  int16_t* state;                // past columns, recurrent state, held columns
  uint32_t state_length;         // values
  const int16_t* ring;           // columns that windows are cut from: of the state, or the part itself
  uint32_t ring_columns;         // past ones with those of a run
  uint32_t past;                 // columns before a run's first where they lie in a line; 0: a ring, up to newest
  uint32_t newest;
  uint32_t kept;                 // where in the state a held condition lies
  uint32_t gathered;             // values of the scratch that windows are gathered to
  uint16_t kernel, dilation, stride, offset;
  uint16_t matrix_count;
  uint16_t width;                // values of one tap in the windows of a matrix
  uint8_t kind, part_count, shift;
  uint8_t together;              // columns that share the scratch
  uint8_t shifts[NN_MAX_PARTS];
} NnLayer;

// Everything that a loaded network is: all tables, weights, states and columns lie in the caller's memories.
typedef struct NnNetwork {
  NnLayer* layers;
  NnTensor* tensors;
  NnClock* clocks;
  int16_t* columns;
  size_t column_values;
  int16_t* scratch;
  size_t used[NN_MEMORIES];  // bytes of each memory
  NnBlobVoice voice;
  uint8_t graph_sha256[32];
  uint8_t layer_count, tensor_count, clock_count, input_count, output_tensor, block;
  uint8_t level, level_count;  // the one that runs, of how many narrower ones; 0: the whole network
} NnNetwork;

// Check the blob and copy it, permuted for the kernels, into the memories: DTCM, then AXI SRAM. On error the network
// runs nothing. lottava/arena.py counts the bytes beforehand.
NnError nn_load(NnNetwork* network, const void* bytes, size_t length, const NnMemory memories[NN_MEMORIES]);

// The same of a narrower network within the blob's; where there are not as many levels, of its narrowest. It takes no
// more of either memory than the wider ones do.
NnError nn_load_level(NnNetwork* network, const void* bytes, size_t length, const NnMemory memories[NN_MEMORIES],
                      uint32_t level);

// Zero the recurrent state and everything else between layers; the next tick is the first one again.
void nn_reset(NnNetwork* network);

// Run 1 .. block ticks (more or none: does nothing). Before, the caller writes the columns that nn_due announces for
// these ticks to each nn_input; after, nn_output holds its own. Any split of a run into calls gives the same columns.
void nn_run(NnNetwork* network, uint32_t ticks);

// Every tensor is due at the next tick, as at the first one, and what is interpolated goes on from where it stands: a
// note has begun between two columns of a slow input. A transposed convolution drops what is left of its column.
void nn_restart(NnNetwork* network);

static inline void nn_step(NnNetwork* network) { nn_run(network, 1); }

// Columns of [padded] values. Input i, in the graph's order.
static inline int16_t* nn_input(const NnNetwork* network, uint32_t i) { return network->tensors[i].columns; }

static inline const int16_t* nn_output(const NnNetwork* network) {
  return network->tensors[network->output_tensor].columns;
}

// Columns that a tensor has in the next `ticks` ticks; network and tensor index as above.
uint32_t nn_due(const NnNetwork* network, uint32_t tensor, uint32_t ticks);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_NETWORK_H_
