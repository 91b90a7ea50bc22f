// SPDX-License-Identifier: MIT
#include "app/player.h"

namespace lottava {

namespace {

bool Fits(const NnTensor& tensor, const Port& port) {
  return tensor.size == port.size && tensor.clock->period == port.period && Within(tensor.scale, port.scale, port.scale);
}

}  // namespace

bool Fits(const NnNetwork& network, const Interface& interface) {
  constexpr size_t kInputs = sizeof(interface.inputs) / sizeof(interface.inputs[0]);
  bool fits = network.input_count == kInputs && Fits(network.tensors[network.output_tensor], interface.output) &&
              network.voice.partials == interface.partials && network.voice.bands == interface.bands;
  for (size_t i = 0; fits && i < kInputs; ++i) fits = Fits(network.tensors[i], interface.inputs[i]);
  for (size_t i = 0; fits && i < network.clock_count; ++i) fits = network.clocks[i].period <= interface.frame_ticks;
  return fits;
}

}  // namespace lottava
