// SPDX-License-Identifier: MIT
// From reset to main(): vectors, FPU, clocks, sections unpacked to their RAM, static constructors.
#include <cstddef>
#include <cstdint>

#include "registers.h"
#include "startup.h"
#include "unpack.h"

extern "C" {

extern std::uint32_t _stack_top;
extern std::uint64_t _itcm_start[], _itcm_end[], _cold_start[], _cold_end[], _data_start[], _data_end[], _bss_start[],
    _bss_end[], _usb_start[], _usb_end[];
extern lottava::seed::UnpackModel _unpack_model[];
extern const std::uint8_t packed_image[], packed_image_end[];
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

// Whole words of the memories' error correction: after power-up, less would read one that was never set (AN5342 2).
void Clear(std::uint64_t* from, const std::uint64_t* end) {
  while (from < end) *from++ = 0;
}

const std::uint64_t* Copy(const std::uint64_t* from, std::uint64_t* to, const std::uint64_t* end) {
  while (to < end) *to++ = *from++;
  return from;
}

// Flash alone is too slow for the unpacker: it waits four times as long as the core takes for an instruction.
void StartInstructionCache() {
  using namespace lottava::seed;
  Reg(kCache) = 0;  // ICIALLU
  Barrier();
  SetBits(kScb + 0x14, Bit(17));
  Barrier();
}

// What emulator/pack.py packed. What was written as data is fetched as code.
void UnpackSections() {
  using namespace lottava::seed;
  static_assert(sizeof(UnpackModel) <= 288u << 10, "as much as seed.ld asks for");
  Clear(_cold_start, reinterpret_cast<std::uint64_t*>(_unpack_model + 1));
  Unpack(packed_image, packed_image_end, reinterpret_cast<std::uint8_t*>(_cold_start),
         reinterpret_cast<std::uint8_t*>(_unpack_model), _unpack_model);
  Copy(Copy(_cold_end, _itcm_start, _itcm_end), _data_start, _data_end);
  Barrier();
  Reg(kCache) = 0;
  Barrier();
}

}  // namespace

extern "C" __attribute__((section(".vectors"), used)) constexpr VectorTable kVectors = MakeVectors();

extern "C" __attribute__((noreturn)) void Reset_Handler() {
  using namespace lottava::seed;
  SetBits(kScb + 0x88, 0xFu << 20);  // FPU on before the first float (PM0253 4.7.1)
  Reg(kScb + 0x08) = 0x08000000;
  Barrier();
  PrepareChip();
  StartInstructionCache();
  UnpackSections();
  Clear(_bss_start, _bss_end);
  Clear(_usb_start, _usb_end);
  for (Constructor* constructor = __init_array_start; constructor < __init_array_end; ++constructor) (*constructor)();
  main();
  for (;;) {
  }
}
