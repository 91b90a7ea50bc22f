// SPDX-License-Identifier: MIT
// From reset to main(): vectors, FPU, sections unpacked to their RAM, static constructors.
#include <cstddef>
#include <cstdint>

#include "registers.h"

extern "C" {

extern std::uint32_t _stack_top, _itcm_start, _itcm_end, _cold_start, _cold_end, _data_start, _data_end, _bss_start,
    _bss_end, _usb_start, _usb_end;
extern const std::uint8_t packed_itcm[], packed_cold[], packed_data[];
using Constructor = void (*)();
extern Constructor __init_array_start[], __init_array_end[];

int main();
void Reset_Handler();
void DMA1_Stream1_IRQHandler();
void DMA1_Stream2_IRQHandler();
void EXTI9_5_IRQHandler();
void EXTI15_10_IRQHandler();
void Fault_Handler();
void OTG_FS_IRQHandler();
void OTG_HS_IRQHandler();
void SysTick_Handler();
}

namespace {

using Vector = void (*)();
constexpr unsigned kSystemVectors = 16, kInterrupts = 150;

struct VectorTable {
  std::uint32_t* stack;
  Vector handlers[kSystemVectors + kInterrupts - 1];
};

constexpr VectorTable MakeVectors() {
  VectorTable table{&_stack_top, {}};
  for (Vector& handler : table.handlers) handler = Fault_Handler;
  table.handlers[0] = Reset_Handler;
  table.handlers[15 - 1] = SysTick_Handler;
  table.handlers[kSystemVectors - 1 + 12] = DMA1_Stream1_IRQHandler;
  table.handlers[kSystemVectors - 1 + 13] = DMA1_Stream2_IRQHandler;
  table.handlers[kSystemVectors - 1 + 23] = EXTI9_5_IRQHandler;
  table.handlers[kSystemVectors - 1 + 40] = EXTI15_10_IRQHandler;
  table.handlers[kSystemVectors - 1 + 77] = OTG_HS_IRQHandler;
  table.handlers[kSystemVectors - 1 + 101] = OTG_FS_IRQHandler;
  return table;
}

void Clear(std::uint32_t* from, const std::uint32_t* end) {
  while (from < end) *from++ = 0;
}

// A count of emulator/pack.py, which goes on behind its bits where they are full.
std::size_t Count(std::size_t count, std::size_t full, const std::uint8_t*& from) {
  if (count == full) {
    std::uint8_t more;
    do count += more = *from++;
    while (more == 255);
  }
  return count;
}

// What emulator/pack.py packed. Whole words come first: after power-up, a byte's store would read a word whose error
// correction was never set.
void Unpack(const std::uint8_t* from, std::uint32_t* start, std::uint32_t* end) {
  Clear(start, end);
  std::uint8_t* to = reinterpret_cast<std::uint8_t*>(start);
  const std::uint8_t* const last = reinterpret_cast<const std::uint8_t*>(end);
  std::size_t distance = 0;
  while (to < last) {
    const unsigned counts = *from++;
    for (std::size_t left = Count(counts >> 4, 15, from); left > 0; --left) *to++ = *from++;
    if (to < last) {
      if (!(counts & 8)) {
        distance = *from++;
        if (distance & 128) distance = (distance & 127) << 8 | *from++;
      }
      const std::uint8_t* old = to - distance - 1;
      for (std::size_t left = Count(counts & 7, 7, from) + 2; left > 0; --left) *to++ = *old++;
    }
  }
}

}  // namespace

extern "C" __attribute__((section(".vectors"), used)) constexpr VectorTable kVectors = MakeVectors();

extern "C" __attribute__((noreturn)) void Reset_Handler() {
  using namespace lottava::seed;
  SetBits(kScb + 0x88, 0xFu << 20);  // FPU on before the first float (PM0253 4.7.1)
  Reg(kScb + 0x08) = 0x08000000;
  Barrier();
  Unpack(packed_itcm, &_itcm_start, &_itcm_end);
  Unpack(packed_cold, &_cold_start, &_cold_end);
  Unpack(packed_data, &_data_start, &_data_end);
  Barrier();  // what was written as data is fetched as code
  Clear(&_bss_start, &_bss_end);
  Clear(&_usb_start, &_usb_end);
  for (Constructor* constructor = __init_array_start; constructor < __init_array_end; ++constructor) (*constructor)();
  main();
  for (;;) {
  }
}
