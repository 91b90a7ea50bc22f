// SPDX-License-Identifier: MIT
// The host board: the instrument and its inner parts as C functions, for Python (ctypes) and host tests.
// Every object lives in memory of the caller; every `create` takes at least `size` bytes, 16-byte aligned.
#ifndef LOTTAVA_BOARDS_HOST_H_
#define LOTTAVA_BOARDS_HOST_H_

#include <stddef.h>
#include <stdint.h>

#include "app/builtin.h"
#include "app/io.h"

#ifdef __cplusplus
extern "C" {
#endif

// The whole module. Return codes are enum NnError (0 = fine). memories: two, as nn_load takes them.
size_t lottava_module_size(void);
void lottava_module_create(void* module);
int lottava_module_load(void* module, const void* blob, size_t length, const struct NnMemory* memories,
                        uint32_t quality);
void lottava_module_mute(void* module, int muted);
int lottava_module_is_silent(const void* module);
void lottava_module_calibrate(void* module, const struct LottavaCalibration* calibration);
void lottava_module_set_glide(void* module, float milliseconds);
int lottava_module_set_record(void* module, const void* record, size_t length);  // enum RecordFault, 0 = taken up
void lottava_module_process(void* module, const struct LottavaInputs* inputs, struct LottavaOutputs* outputs);
void lottava_module_trace(const void* module, struct LottavaTrace* trace);

// The network alone. run: 1 .. block ticks; inputs: the columns due in them, input by input in graph order, without
// padding; outputs likewise. due: columns of a tensor in the next ticks, -1 for the output.
size_t lottava_nn_size(void);
int lottava_nn_load(void* network, const void* blob, size_t length, const struct NnMemory* memories);
int lottava_nn_load_level(void* network, const void* blob, size_t length, const struct NnMemory* memories, uint32_t level);
uint32_t lottava_nn_inputs(const void* network);
uint32_t lottava_nn_block(const void* network);
uint32_t lottava_nn_tensor_size(const void* network, int tensor);
const int16_t* lottava_nn_columns(const void* network, int tensor);  // of the latest run, padded to fours
uint32_t lottava_nn_due(const void* network, int tensor, uint32_t ticks);
size_t lottava_nn_used(const void* network, int memory);
void lottava_nn_reset(void* network);
void lottava_nn_restart(void* network);
void lottava_nn_run(void* network, uint32_t ticks, const int16_t* inputs, int16_t* outputs);

// The synthesiser alone. axes: 4 values in [-1, 1]; edits: tilt, breath_db, body_db, ripple_db.
// A frame starts wherever it is called (a gate edge); render goes on from there, at most 192 samples a frame.
size_t lottava_synth_size(void);
void lottava_synth_create(void* synth, float gain, const float* edits);
void lottava_synth_frame(void* synth, uint32_t increment, const int16_t* controls, const float* axes);
void lottava_synth_render(void* synth, float* out, float* aux, size_t size);
void lottava_synth_levels(const void* synth, float* amplitudes, float* bands);

// Ten codes of what a source-filter's network is told; axes [4].
void lottava_nsf_conditions(float pitch_volts, float loudness, const float* axes, int16_t* codes);

// Single functions, each over `size` values (a multiple of four).
void lottava_dsp_exp2(const float* x, float* y, size_t size);
// [8][17][4] of dsp/noise_pairs.h.
void lottava_dsp_noise_pairs(float* to);

void lottava_dsp_exp_sigmoid(const int16_t* codes, float* y, size_t size);
void lottava_dsp_biased_exp_sigmoid(const int16_t* codes, float* y, size_t size);
void lottava_nn_requantise(const int64_t* acc, int32_t multiplier, int32_t shift, int16_t* y, size_t size, int wide);
void lottava_nn_pack(const int8_t* weight, uint32_t rows, uint32_t columns, int16_t* packed);

// The voice compiled into this build and its self-test: app/builtin.h.

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_BOARDS_HOST_H_
