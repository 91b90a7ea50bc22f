// SPDX-License-Identifier: MIT
// MIDI as one player's hands: the note that went down last, bend, pedal and controllers. Any bytes at any time.
//
//   bytes --> message --> notes held, controllers --Take, once a block--> MidiState --Perform--> what Module plays
//
// Controllers, as on the panel where a knob has the name: 1 and 74 BRIGHT, 2 BREATH, 3 BODY, 4 WILD (64 is noon),
// 7 and 11 scale LEVEL, 73 CONTOUR, 64 sustain pedal, 69 FREEZE, 120 and 123-127 let all notes go, 121 all at rest.
#ifndef LOTTAVA_APP_MIDI_H_
#define LOTTAVA_APP_MIDI_H_

#include <cstddef>
#include <cstdint>

#include "app/cv_scaler.h"
#include "app/io.h"

namespace lottava {

// What the hands ask for now; the ranges are those of Performance.
struct MidiState {
  float pitch_volts;  // note and bend, 0 V = C4 (note 60)
  float level;
  float axes[LOTTAVA_AXES];
  float contour;
  bool gate;       // a note is down, or held by the pedal
  bool gate_edge;  // a note went down since the last block
  bool freeze;
  bool is_played;  // a note has come since Init
};

class Midi {
 public:
  // Nothing down, every controller at rest, any channel, bend of two semitones.
  void Init();

  // channel: 1 .. 16, 0 = any. Notes that are down on others stay until they are let go.
  void Configure(int channel, int bend_semitones);

  // As from a MIDI socket: running status, real-time bytes amid others, system exclusive passed over.
  void Receive(uint8_t byte);

  // As from USB (USB MIDI 1.0, 4): a code index, which tells the length, and three bytes. Any cable.
  void ReceivePacket(const uint8_t packet[4]);

  // What counts from now on. The edge is told once.
  MidiState Take();

  // The cable is out: as after Init, but for channel and bend.
  void Release();

 private:
  static constexpr size_t kHeld = 16;
  struct Held {
    uint8_t note, velocity;
    bool is_down;  // else the pedal holds it
  };

  void Handle();
  void NoteOn(uint8_t note, uint8_t velocity);
  void NoteOff(uint8_t note);
  void Control(uint8_t number, uint8_t value);
  void SetPedal(bool down);
  void Remove(size_t index);
  void ResetControllers();

  int channel_;
  int bend_semitones_;

  uint8_t status_;  // 0 = none that data bytes could follow
  uint8_t data_[2];
  size_t count_;

  Held held_[kHeld];  // the last one sounds
  size_t held_count_;
  uint8_t note_, velocity_;  // that sounded last
  bool pedal_, freeze_, edge_, is_played_;
  int32_t bend_;  // -8192 .. 8191
  uint8_t axes_[LOTTAVA_AXES];
  uint8_t volume_, expression_, contour_;
};

// Of `gates` the gate's fields and FREEZE are written.
void Perform(const MidiState& state, Performance* performance, LottavaInputs* gates);

}  // namespace lottava

#endif  // LOTTAVA_APP_MIDI_H_
