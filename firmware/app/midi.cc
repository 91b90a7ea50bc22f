// SPDX-License-Identifier: MIT
#include "app/midi.h"

#include <cstring>

namespace lottava {

namespace {

enum Status : uint8_t {
  kNoteOff = 0x80, kNoteOn = 0x90, kController = 0xB0, kProgram = 0xC0, kPressure = 0xD0, kBend = 0xE0,
  kSystem = 0xF0, kRealTime = 0xF8, kReset = 0xFF,
};

enum Controller : uint8_t {
  kBright = 1, kWild = 4, kVolume = 7, kExpression = 11, kSustain = 64, kFreeze = 69, kAttack = 73, kBrightness = 74,
  kSoundOff = 120, kControllersOff = 121, kNotesOff = 123,
};

constexpr uint8_t kFull = 127, kNoon = 64;
constexpr int32_t kBendCentre = 8192;
constexpr float kMiddleC = 60.0f;
constexpr float kLevelFloor = 0.15f;  // of the softest key: the LEVEL knob of `lottava audition`
constexpr int kMostBendSemitones = 24;

// Bytes of a packet by its code index (USB MIDI 1.0, table 4-1); 0 and 1 are reserved.
constexpr uint8_t kPacketBytes[16] = {0, 0, 2, 3, 3, 1, 2, 3, 3, 3, 3, 3, 2, 2, 3, 1};

float Share(uint8_t value) { return static_cast<float>(value) * (1.0f / kFull); }

// -1 .. 1, and 0 for 64, which is where a wheel's notch is.
float Bipolar(uint8_t value) {
  const float x = static_cast<float>(static_cast<int>(value) - kNoon);
  return x * (value > kNoon ? 1.0f / (kFull - kNoon) : 1.0f / kNoon);
}

size_t DataBytes(uint8_t status) {
  const uint8_t kind = status & 0xF0;
  return kind == kProgram || kind == kPressure ? 1 : 2;
}

}  // namespace

void Midi::Init() {
  Configure(0, 2);
  Release();
}

void Midi::Configure(int channel, int bend_semitones) {
  channel_ = channel;
  bend_semitones_ = bend_semitones < 0 ? 0 : bend_semitones > kMostBendSemitones ? kMostBendSemitones : bend_semitones;
}

void Midi::Release() {
  status_ = 0;
  count_ = 0;
  held_count_ = 0;
  note_ = static_cast<uint8_t>(kMiddleC);
  velocity_ = 0;
  edge_ = is_played_ = false;
  volume_ = kFull;
  contour_ = kNoon;
  ResetControllers();
}

// What 121 puts at rest; volume stays (MIDI RP-015).
void Midi::ResetControllers() {
  SetPedal(false);
  freeze_ = false;
  bend_ = 0;
  expression_ = kFull;
  memset(axes_, kNoon, sizeof axes_);
}

void Midi::Receive(uint8_t byte) {
  if (byte >= kRealTime) {
    if (byte == kReset) Release();
    return;
  }
  if (byte >= kSystem) {
    status_ = 0;
    return;
  }
  if (byte >= kNoteOff) {
    status_ = byte;
    count_ = 0;
    return;
  }
  if (status_ == 0) return;
  data_[count_++] = byte;
  if (count_ < DataBytes(status_)) return;
  count_ = 0;
  if (channel_ == 0 || channel_ == (status_ & 15) + 1) Handle();
}

void Midi::ReceivePacket(const uint8_t packet[4]) {
  const size_t size = kPacketBytes[packet[0] & 15];
  for (size_t i = 0; i < size; ++i) Receive(packet[1 + i]);
}

void Midi::Handle() {
  switch (status_ & 0xF0) {
    case kNoteOn:
      if (data_[1] != 0) {
        NoteOn(data_[0], data_[1]);
        break;
      }
      [[fallthrough]];
    case kNoteOff:
      NoteOff(data_[0]);
      break;
    case kController:
      Control(data_[0], data_[1]);
      break;
    case kBend:
      bend_ = (data_[1] << 7 | data_[0]) - kBendCentre;
      break;
    default:
      break;
  }
}

void Midi::Remove(size_t index) {
  --held_count_;
  memmove(&held_[index], &held_[index + 1], (held_count_ - index) * sizeof held_[0]);
}

// With no room left the oldest goes.
void Midi::NoteOn(uint8_t note, uint8_t velocity) {
  for (size_t i = held_count_; i > 0; --i) {
    if (held_[i - 1].note == note) Remove(i - 1);
  }
  if (held_count_ == kHeld) Remove(0);
  held_[held_count_++] = {note, velocity, true};
  edge_ = is_played_ = true;
}

void Midi::NoteOff(uint8_t note) {
  for (size_t i = held_count_; i > 0; --i) {
    if (held_[i - 1].note != note) continue;
    held_[i - 1].is_down = false;
    if (!pedal_) {
      note_ = note;
      velocity_ = held_[i - 1].velocity;
      Remove(i - 1);
    }
  }
}

void Midi::SetPedal(bool down) {
  pedal_ = down;
  for (size_t i = held_count_; !down && i > 0; --i) {
    if (!held_[i - 1].is_down) NoteOff(held_[i - 1].note);
  }
}

void Midi::Control(uint8_t number, uint8_t value) {
  if (number >= kBright && number <= kWild) {
    axes_[number - kBright] = value;
  } else if (number == kBrightness) {
    axes_[0] = value;
  } else if (number == kVolume) {
    volume_ = value;
  } else if (number == kExpression) {
    expression_ = value;
  } else if (number == kAttack) {
    contour_ = value;
  } else if (number == kSustain) {
    SetPedal(value >= kNoon);
  } else if (number == kFreeze) {
    freeze_ = value >= kNoon;
  } else if (number == kControllersOff) {
    ResetControllers();
  } else if (number == kSoundOff || number >= kNotesOff) {
    held_count_ = 0;
  }
}

MidiState Midi::Take() {
  if (held_count_ != 0) {
    note_ = held_[held_count_ - 1].note;
    velocity_ = held_[held_count_ - 1].velocity;
  }
  const float bend = static_cast<float>(bend_) * (1.0f / kBendCentre) * static_cast<float>(bend_semitones_);
  MidiState state;
  state.pitch_volts = (static_cast<float>(note_) - kMiddleC + bend) * (1.0f / 12.0f);
  state.level = (kLevelFloor + (1.0f - kLevelFloor) * Share(velocity_)) * Share(volume_) * Share(expression_);
  for (size_t i = 0; i < LOTTAVA_AXES; ++i) state.axes[i] = Bipolar(axes_[i]);
  state.contour = 0.5f + 0.5f * Bipolar(contour_);
  state.gate = held_count_ != 0;
  state.gate_edge = edge_;
  state.freeze = freeze_;
  state.is_played = is_played_;
  edge_ = false;
  return state;
}

void Perform(const MidiState& state, Performance* performance, LottavaInputs* gates) {
  performance->pitch_volts = state.pitch_volts;
  performance->level = state.level;
  memcpy(performance->axes, state.axes, sizeof performance->axes);
  performance->contour = state.contour;
  gates->gate = state.gate;
  gates->gate_edge = state.gate_edge;
  gates->gate_offset = 0;
  gates->gate_patched = 1;
  gates->freeze = state.freeze;
}

}  // namespace lottava
