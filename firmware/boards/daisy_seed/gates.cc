// SPDX-License-Identifier: MIT
// Pins PD11 and PG9; the edge of GATE is an event on EXTI line 11 (RM0433 20, 12).
#include "gates.h"

#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kFallingTrigger = kExti + 0x04, kInterruptMask = kExti + 0x80, kPending = kExti + 0x88;
constexpr std::uint32_t kLine11 = Bit(11), kPortD = 3;
constexpr unsigned kIrqExti15To10 = 40, kPriority = 0;

volatile bool edge_;

}  // namespace

void GatesInit() {
  constexpr PinConfig kJack{PinMode::kInput, Pull::kUp, Speed::kLow, 0};
  Configure(pin::kGate, kJack);
  Configure(pin::kFreeze, kJack);
  EnableClock(kRccApb4Enable, Bit(1));
  Modify(kSyscfg + 0x10, 15u << 12, kPortD << 12);
  SetBits(kFallingTrigger, kLine11);
  SetBits(kInterruptMask, kLine11);
  EnableInterrupt(kIrqExti15To10, kPriority);
}

bool GateIsHigh() { return !Read(pin::kGate); }

bool FreezeIsHigh() { return !Read(pin::kFreeze); }

bool TakeGateEdge() {
  const bool edge = edge_;
  if (edge) edge_ = false;
  return edge;
}

}  // namespace lottava::seed

extern "C" void EXTI15_10_IRQHandler() {
  using namespace lottava::seed;
  Reg(kPending) = kLine11;
  edge_ = true;
}
