// SPDX-License-Identifier: MIT
// The panel's logic as C functions, for tests in Python.
#include <cstddef>
#include <new>

#include "app/board_id.h"
#include "app/buttons.h"
#include "app/held_knobs.h"
#include "app/leds.h"
#include "app/normalling.h"
#include "app/phrase.h"
#include "app/supply.h"

using namespace lottava;

namespace {

struct Panel {
  Buttons buttons;
  HeldKnobs knobs;
};

}  // namespace

extern "C" {

size_t normalling_size(void) { return sizeof(Normalling); }

void normalling_create(void* memory) { (new (memory) Normalling)->Init(); }

void normalling_set(void* memory, int probe) { static_cast<Normalling*>(memory)->Set(static_cast<Probe>(probe)); }

int normalling_process(void* memory, LottavaInputs* inputs) {
  Normalling* normalling = static_cast<Normalling*>(memory);
  normalling->Process(inputs);
  return normalling->level();
}

int normalling_known(const void* memory) { return static_cast<const Normalling*>(memory)->known(); }

uint32_t normalling_patched(const void* memory) { return static_cast<const Normalling*>(memory)->patched(); }

int normalling_reads_reference(const void* memory) {
  return static_cast<const Normalling*>(memory)->reads_reference();
}

// The scale after `count` codes.
float supply_scale(uint16_t reference_code, const uint16_t* codes, size_t count) {
  Supply supply;
  supply.Init(reference_code);
  for (size_t i = 0; i < count; ++i) supply.Process(codes[i]);
  return supply.scale();
}

unsigned board_revision(uint16_t id_code, uint16_t ladder_code) { return BoardRevision(id_code, ladder_code); }

size_t phrase_size(void) { return sizeof(Phrase); }

void phrase_create(void* memory) { (new (memory) Phrase)->Init(); }

// performance: pitch volts, level, four axes, contour.
void phrase_process(void* memory, float performance[7], LottavaInputs* gates) {
  Performance played;
  static_cast<Phrase*>(memory)->Process(&played, gates);
  performance[0] = played.pitch_volts;
  performance[1] = played.level;
  for (unsigned i = 0; i < LOTTAVA_AXES; ++i) performance[2 + i] = played.axes[i];
  performance[6] = played.contour;
}

unsigned phrase_blocks(void) { return Phrase::kBlocks; }

size_t buttons_size(void) { return sizeof(Buttons); }

void buttons_create(void* memory) { (new (memory) Buttons)->Init(); }

// Event, and what is down in bits 4 and up.
int buttons_process(void* memory, uint16_t code) {
  Buttons* buttons = static_cast<Buttons*>(memory);
  const int event = static_cast<int>(buttons->Process(code));
  return event | static_cast<int>(buttons->down()) << 4;
}

size_t panel_size(void) { return sizeof(Panel); }

void panel_create(void* memory) {
  Panel* panel = new (memory) Panel;
  panel->buttons.Init();
  panel->knobs.Init();
}

// One reading with the ladder's code; pots: PITCH, CONTOUR, MORPH, in and out. What came of the buttons.
int panel_process(void* memory, uint16_t ladder_code, uint16_t pots[3]) {
  Panel* panel = static_cast<Panel*>(memory);
  LottavaInputs inputs = {};
  uint16_t* const codes[] = {&inputs.pot_codes[LOTTAVA_POT_PITCH], &inputs.pot_codes[LOTTAVA_POT_CONTOUR],
                             &inputs.pot_codes[LOTTAVA_POT_MORPH]};
  for (unsigned i = 0; i < 3; ++i) *codes[i] = pots[i];
  const int event = static_cast<int>(panel->buttons.Process(ladder_code));
  if (panel->knobs.Process(panel->buttons.down() == Button::kPrevious, &inputs)) panel->buttons.Spoil();
  for (unsigned i = 0; i < 3; ++i) pots[i] = *codes[i];
  return event;
}

// settings: root octave, glide, span, in and out; whether they changed.
int panel_take(void* memory, int16_t settings[3]) {
  SettingsImage image = {};
  image.root_octave = settings[0];
  image.glide = settings[1];
  image.morph_span = settings[2];
  const bool changed = static_cast<Panel*>(memory)->knobs.Take(&image);
  settings[0] = image.root_octave;
  settings[1] = image.glide;
  settings[2] = image.morph_span;
  return changed;
}

// state: slot, identify, calibrating, held, bench, fault. Bits 0-15 lit, 16-23 brightness, 24 onboard.
uint32_t led_pattern(uint32_t blocks, const uint8_t state[6]) {
  const LedFrame frame = LedPattern({blocks, state[0], state[1] != 0, state[2] != 0, state[3] != 0, state[4] != 0,
                                     static_cast<LedFault>(state[5])});
  return frame.lit | static_cast<uint32_t>(frame.brightness) << 16 | (frame.onboard ? 1u << 24 : 0);
}

}  // extern "C"
