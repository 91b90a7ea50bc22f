// SPDX-License-Identifier: MIT
// From reset to main(): vectors, FPU, sections copied to their RAM, static constructors.
#include <cstdint>

#include "registers.h"

extern "C" {

extern std::uint32_t _stack_top, _itcm_load, _itcm_start, _itcm_end, _data_load, _data_start, _data_end, _bss_start,
    _bss_end;
using Constructor = void (*)();
extern Constructor __init_array_start[], __init_array_end[];

int main();
void Reset_Handler();
void DMA1_Stream1_IRQHandler();
void DMA1_Stream2_IRQHandler();
void EXTI15_10_IRQHandler();
void Fault_Handler();
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
  table.handlers[kSystemVectors - 1 + 12] = DMA1_Stream1_IRQHandler;
  table.handlers[kSystemVectors - 1 + 13] = DMA1_Stream2_IRQHandler;
  table.handlers[kSystemVectors - 1 + 40] = EXTI15_10_IRQHandler;
  return table;
}

void Copy(const std::uint32_t* from, std::uint32_t* to, const std::uint32_t* end) {
  while (to < end) *to++ = *from++;
}

}  // namespace

extern "C" __attribute__((section(".vectors"), used)) constexpr VectorTable kVectors = MakeVectors();

extern "C" __attribute__((noreturn)) void Reset_Handler() {
  using namespace lottava::seed;
  SetBits(kScb + 0x88, 0xFu << 20);  // FPU on before the first float (PM0253 4.7.1)
  Reg(kScb + 0x08) = 0x08000000;
  Barrier();
  Copy(&_itcm_load, &_itcm_start, &_itcm_end);
  Copy(&_data_load, &_data_start, &_data_end);
  for (std::uint32_t* word = &_bss_start; word < &_bss_end; ++word) *word = 0;
  for (Constructor* constructor = __init_array_start; constructor < __init_array_end; ++constructor) (*constructor)();
  main();
  for (;;) {
  }
}
