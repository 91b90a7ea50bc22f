// SPDX-License-Identifier: MIT
// Plain forwarding: C names in front of the C++ objects.
#include "boards/host/host.h"

#include <cstring>

#include "app/builtin.h"
#include "app/module.h"
#include "app/nsf_player.h"
#include "app/record.h"
#include "dsp/math.h"
#include "dsp/noise_pairs.h"
#include "dsp/sigmoid_cubics.h"

using lottava::Module;
using lottava::Synth;

namespace {

Module* AsModule(void* module) { return static_cast<Module*>(module); }

NnNetwork* AsNetwork(void* network) { return static_cast<NnNetwork*>(network); }

const NnNetwork* AsNetwork(const void* network) { return static_cast<const NnNetwork*>(network); }

uint32_t Index(const NnNetwork* network, int tensor) {
  return tensor < 0 ? network->output_tensor : static_cast<uint32_t>(tensor);
}

Synth* AsSynth(void* synth) { return static_cast<Synth*>(synth); }

void Map(float (*function)(float), const float* x, float* y, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    y[i] = function(x[i]);
  }
}

}  // namespace

size_t lottava_module_size(void) { return sizeof(Module); }

void lottava_module_create(void* module) { AsModule(module)->Init(); }

int lottava_module_load(void* module, const void* blob, size_t length, const NnMemory* memories, uint32_t quality) {
  return AsModule(module)->LoadVoice(blob, length, memories, quality);
}

void lottava_module_mute(void* module, int muted) { AsModule(module)->Mute(muted != 0); }

int lottava_module_is_silent(const void* module) { return static_cast<const Module*>(module)->IsSilent(); }

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

void lottava_module_set_glide(void* module, float milliseconds) { AsModule(module)->SetGlide(milliseconds); }

void lottava_module_process(void* module, const LottavaInputs* inputs, LottavaOutputs* outputs) {
  AsModule(module)->Process(*inputs, outputs);
}

void lottava_module_trace(const void* module, LottavaTrace* trace) {
  *trace = static_cast<const Module*>(module)->trace();
}

size_t lottava_nn_size(void) { return sizeof(NnNetwork); }

int lottava_nn_load(void* network, const void* blob, size_t length, const NnMemory* memories) {
  return nn_load(AsNetwork(network), blob, length, memories);
}

int lottava_nn_load_level(void* network, const void* blob, size_t length, const NnMemory* memories, uint32_t level) {
  return nn_load_level(AsNetwork(network), blob, length, memories, level);
}

uint32_t lottava_nn_inputs(const void* network) { return AsNetwork(network)->input_count; }

uint32_t lottava_nn_block(const void* network) { return AsNetwork(network)->block; }

uint32_t lottava_nn_tensor_size(const void* network, int tensor) {
  return AsNetwork(network)->tensors[Index(AsNetwork(network), tensor)].size;
}

const int16_t* lottava_nn_columns(const void* network, int tensor) {
  return AsNetwork(network)->tensors[Index(AsNetwork(network), tensor)].columns;
}

uint32_t lottava_nn_due(const void* network, int tensor, uint32_t ticks) {
  return nn_due(AsNetwork(network), Index(AsNetwork(network), tensor), ticks);
}

size_t lottava_nn_used(const void* network, int memory) { return AsNetwork(network)->used[memory]; }

void lottava_nn_reset(void* network) { nn_reset(AsNetwork(network)); }

void lottava_nn_restart(void* network) { nn_restart(AsNetwork(network)); }

void lottava_nn_run(void* network, uint32_t ticks, const int16_t* inputs, int16_t* outputs) {
  NnNetwork* nn = AsNetwork(network);
  for (uint32_t i = 0; i < nn->input_count; ++i) {
    const NnTensor& tensor = nn->tensors[i];
    const uint32_t columns = nn_due(nn, i, ticks);
    for (uint32_t column = 0; column < columns; ++column, inputs += tensor.size) {
      memcpy(nn_input(nn, i) + column * tensor.padded, inputs, tensor.size * sizeof(*inputs));
    }
  }
  const NnTensor& output = nn->tensors[nn->output_tensor];
  const uint32_t columns = nn_due(nn, nn->output_tensor, ticks);
  nn_run(nn, ticks);
  for (uint32_t column = 0; column < columns; ++column, outputs += output.size) {
    memcpy(outputs, nn_output(nn) + column * output.padded, output.size * sizeof(*outputs));
  }
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

void lottava_nsf_conditions(float pitch_volts, float loudness, const float* axes, int16_t* codes) {
  lottava::NsfConditions(pitch_volts, loudness, axes, codes);
}

void lottava_dsp_exp2(const float* x, float* y, size_t size) { Map(lottava::Exp2, x, y, size); }

void lottava_dsp_noise_pairs(float* to) {
  lottava::FillNoisePairs();
  std::memcpy(to, lottava::noise_pairs, sizeof lottava::noise_pairs);
}

void lottava_dsp_exp_sigmoid(const int16_t* codes, float* y, size_t size) {
  lottava::FillSigmoidCubics();
  lottava::ExpSigmoid(codes, y, size);
}

void lottava_dsp_biased_exp_sigmoid(const int16_t* codes, float* y, size_t size) {
  lottava::FillSigmoidCubics();
  lottava::BiasedExpSigmoid(codes, y, size);
}
