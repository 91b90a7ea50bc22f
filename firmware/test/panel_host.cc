// SPDX-License-Identifier: MIT
// The panel's logic as C functions, for tests in Python.
#include <cstddef>
#include <new>

#include "app/board_id.h"
#include "app/buttons.h"
#include "app/leds.h"
#include "app/normalling.h"
#include "app/phrase.h"

using namespace lottava;

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

// state: slot, identify, calibrating, held, bench, fault. Bits 0-15 lit, 16-23 brightness, 24 onboard.
uint32_t led_pattern(uint32_t blocks, const uint8_t state[6]) {
  const LedFrame frame = LedPattern({blocks, state[0], state[1] != 0, state[2] != 0, state[3] != 0, state[4] != 0,
                                     static_cast<LedFault>(state[5])});
  return frame.lit | static_cast<uint32_t>(frame.brightness) << 16 | (frame.onboard ? 1u << 24 : 0);
}

}  // extern "C"
