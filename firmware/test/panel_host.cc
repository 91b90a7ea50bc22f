// SPDX-License-Identifier: MIT
// The panel's logic as C functions, for tests in Python.
#include <cstddef>
#include <new>

#include "app/board_id.h"
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

}  // extern "C"
