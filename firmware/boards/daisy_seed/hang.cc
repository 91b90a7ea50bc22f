// SPDX-License-Identifier: MIT
// SysTick at the first priority (PM0253 4.4), every 5 ms. Audio DMA goes round without the processor: an interrupt that
// hangs would send its last two blocks for as long as nobody looks.
#include "hang.h"

#include "clock.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kSysTick = 0xE000E010;
constexpr std::uint32_t kTicksPerSecond = 200, kBlockTicks = 2, kTurnTicks = 20;

struct Watched {
  const volatile std::uint32_t* count;
  std::uint32_t last, still, limit;  // ticks
};
Watched watched_[2];

bool Hangs(Watched* watched) {
  const std::uint32_t count = *watched->count;
  watched->still = count == watched->last ? watched->still + 1 : 0;
  watched->last = count;
  return watched->still >= watched->limit;
}

}  // namespace

void HangWatchStart(const volatile std::uint32_t* blocks, const volatile std::uint32_t* turns) {
  watched_[0] = {blocks, 0, 0, kBlockTicks};
  watched_[1] = {turns, 0, 0, kTurnTicks};
  Reg(kSysTick + 0x04) = kCoreHz / kTicksPerSecond - 1;
  Reg(kSysTick + 0x08) = 0;
  Reg(kSysTick) = Bit(2) | Bit(1) | Bit(0);  // core clock, interrupt, on
}

}  // namespace lottava::seed

// Hands back how to return from the exception, 0 where something hangs.
extern "C" __attribute__((used)) std::uint32_t LookForHangs(std::uint32_t exception_return) {
  using namespace lottava::seed;
  const bool audio = Hangs(&watched_[0]), main_loop = Hangs(&watched_[1]);
  return audio || main_loop ? 0 : exception_return;
}

// Pushes nothing: the fault handler finds the frame of what was interrupted where the core has put it.
extern "C" __attribute__((naked)) void SysTick_Handler() {
  __asm volatile(
      "mov r0, lr\n"
      "bl LookForHangs\n"
      "cbz r0, 1f\n"
      "mov lr, r0\n"
      "bx lr\n"
      "1: b Fault_Handler\n");
}
