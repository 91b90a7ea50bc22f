// SPDX-License-Identifier: MIT
// The panel's logic as C functions, for tests in Python.
#include <cstddef>
#include <new>

#include "app/normalling.h"

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

}  // extern "C"
