// SPDX-License-Identifier: MIT
// Plain forwarding: C names in front of the C++ objects.
#include "boards/host/host.h"

#include <cstring>

#include "app/builtin.h"
#include "app/module.h"
#include "app/record.h"
#include "dsp/math.h"

using lottava::Module;
using lottava::Synth;

namespace {

Module* AsModule(void* module) { return static_cast<Module*>(module); }

NnNetwork* AsNetwork(void* network) { return static_cast<NnNetwork*>(network); }

Synth* AsSynth(void* synth) { return static_cast<Synth*>(synth); }

void Map(float (*function)(float), const float* x, float* y, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    y[i] = function(x[i]);
  }
}

}  // namespace

size_t lottava_module_size(void) { return sizeof(Module); }

void lottava_module_create(void* module) { AsModule(module)->Init(); }

int lottava_module_load(void* module, const void* blob, size_t length, void* arena, size_t arena_length) {
  return AsModule(module)->LoadVoice(blob, length, arena, arena_length);
}

void lottava_module_calibrate(void* module, const LottavaCalibration* calibration) {
  AsModule(module)->SetCalibration(*calibration);
}

int lottava_module_set_record(void* module, const void* record, size_t length) {
  lottava::RecordImage image;
  const lottava::RecordVerdict verdict =
      lottava::RecordUnpack(static_cast<const uint8_t*>(record), length, &image);
  if (verdict.good()) {
    AsModule(module)->SetCalibration(lottava::RecordCalibration(image));
  }
  return static_cast<int>(verdict.fault);
}

void lottava_module_process(void* module, const LottavaInputs* inputs, LottavaOutputs* outputs) {
  AsModule(module)->Process(*inputs, outputs);
}

void lottava_module_trace(const void* module, LottavaTrace* trace) {
  *trace = static_cast<const Module*>(module)->trace();
}

size_t lottava_nn_size(void) { return sizeof(NnNetwork); }

int lottava_nn_load(void* network, const void* blob, size_t length, void* arena, size_t arena_length) {
  return nn_load(AsNetwork(network), blob, length, arena, arena_length);
}

size_t lottava_nn_input_size(const void* network) {
  const NnNetwork* nn = static_cast<const NnNetwork*>(network);
  size_t size = 0;
  for (size_t i = 0; i < nn->input_count; ++i) {
    size += nn->sizes[i];
  }
  return size;
}

size_t lottava_nn_output_size(const void* network) {
  const NnNetwork* nn = static_cast<const NnNetwork*>(network);
  return nn->sizes[nn->output_tensor];
}

size_t lottava_nn_arena_used(const void* network) { return static_cast<const NnNetwork*>(network)->arena_used; }

void lottava_nn_reset(void* network) { nn_reset(AsNetwork(network)); }

void lottava_nn_step(void* network, const int16_t* inputs, int16_t* outputs) {
  NnNetwork* nn = AsNetwork(network);
  for (size_t i = 0; i < nn->input_count; ++i) {
    memcpy(nn->tensors[i], inputs, nn->sizes[i] * sizeof(*inputs));
    inputs += nn->sizes[i];
  }
  nn_step(nn);
  memcpy(outputs, nn_output(nn), nn->sizes[nn->output_tensor] * sizeof(*outputs));
}

size_t lottava_synth_size(void) { return sizeof(Synth); }

void lottava_synth_create(void* synth, float gain, const float* edits) {
  AsSynth(synth)->Init({gain, edits[0], edits[1], edits[2], edits[3]});
}

void lottava_synth_frame(void* synth, uint32_t increment, const int16_t* controls, const float* axes) {
  AsSynth(synth)->StartFrame(increment, controls, axes);
}

void lottava_synth_render(void* synth, float* out, float* aux, size_t size) {
  AsSynth(synth)->Render(out, aux, size);
}

void lottava_synth_levels(const void* synth, float* amplitudes, float* bands) {
  const lottava::Levels& levels = static_cast<const Synth*>(synth)->levels();
  memcpy(amplitudes, levels.amplitudes, sizeof(levels.amplitudes));
  memcpy(bands, levels.bands, sizeof(levels.bands));
}

void lottava_dsp_exp2(const float* x, float* y, size_t size) { Map(lottava::Exp2, x, y, size); }

void lottava_dsp_exp_sigmoid(const int16_t* codes, float* y, size_t size) { lottava::ExpSigmoid(codes, y, size); }

void lottava_dsp_biased_exp_sigmoid(const int16_t* codes, float* y, size_t size) {
  lottava::BiasedExpSigmoid(codes, y, size);
}
