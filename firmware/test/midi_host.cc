// SPDX-License-Identifier: MIT
// The MIDI parser as C functions, for tests.
#include "app/midi.h"

namespace {

lottava::Midi midi_;

}  // namespace

extern "C" {

void midi_create(int channel, int bend_semitones) {
  midi_.Init();
  midi_.Configure(channel, bend_semitones);
}

void midi_receive(const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) midi_.Receive(bytes[i]);
}

void midi_packets(const uint8_t* packets, size_t count) {
  for (size_t i = 0; i < count; ++i) midi_.ReceivePacket(packets + 4 * i);
}

void midi_release() { midi_.Release(); }

// values: pitch_volts, level, four axes, contour. Returns bits: gate, edge, freeze, played.
unsigned midi_take(float values[3 + LOTTAVA_AXES]) {
  const lottava::MidiState state = midi_.Take();
  values[0] = state.pitch_volts;
  values[1] = state.level;
  for (size_t i = 0; i < LOTTAVA_AXES; ++i) values[2 + i] = state.axes[i];
  values[2 + LOTTAVA_AXES] = state.contour;
  return (state.gate ? 1u : 0u) | (state.gate_edge ? 2u : 0u) | (state.freeze ? 4u : 0u) | (state.is_played ? 8u : 0u);
}
}
