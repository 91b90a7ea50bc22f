// SPDX-License-Identifier: MIT
// Pins PD11 and PG9 on EXTI lines 11 and 9 (RM0433 20, 12), before every other interrupt: an edge is never later than
// the few cycles for which interrupts are locked.
#include "gates.h"

#include "audio.h"
#include "gpio.h"
#include "registers.h"
#include "system.h"

namespace lottava::seed {
namespace {

constexpr Address kFallingTrigger = kExti + 0x04, kInterruptMask = kExti + 0x80, kPending = kExti + 0x88;
constexpr unsigned kIrqExti9To5 = 23, kIrqExti15To10 = 40, kPriority = 0;
constexpr std::uint32_t kSampleCycles = 10'000, kBlockCycles = kSampleCycles * kBlockSize;  // 480 MHz, 48 kHz

struct Line {
  volatile std::uint32_t edges, cycles;  // all of them; CycleCount() at the first that has not been taken
  volatile std::uint32_t taken;
};
Line lines_[2];

void Note(GateInput input) {
  Line& line = lines_[static_cast<unsigned>(input)];
  if (line.edges == line.taken) line.cycles = CycleCount();
  line.edges = line.edges + 1;
}

// The line's number is the pin's.
void Start(Pin pin, unsigned irq) {
  const unsigned shift = 4u * (pin.number % 4u);
  Configure(pin, {PinMode::kInput, Pull::kUp, Speed::kLow, 0});
  Modify(kSyscfg + 0x08 + 4u * (pin.number / 4u), 15u << shift, std::uint32_t{pin.port} << shift);
  SetBits(kFallingTrigger, Bit(pin.number));
  SetBits(kInterruptMask, Bit(pin.number));
  EnableInterrupt(irq, kPriority);
}

}  // namespace

void GatesInit() {
  EnableClock(kRccApb4Enable, Bit(1));
  Start(pin::kGate, kIrqExti15To10);
  Start(pin::kFreeze, kIrqExti9To5);
}

bool GateIsHigh() { return !Read(pin::kGate); }

bool FreezeIsHigh() { return !Read(pin::kFreeze); }

std::uint32_t TakeEdges(GateInput input) {
  Line& line = lines_[static_cast<unsigned>(input)];
  const std::uint32_t edges = line.edges, count = edges - line.taken;
  line.taken = edges;
  return count;
}

GateReading ReadGate() {
  const InterruptLock lock;
  Line& line = lines_[static_cast<unsigned>(GateInput::kGate)];
  if (line.edges == line.taken) return {GateIsHigh(), false, 0};
  const std::uint32_t age = CycleCount() - line.cycles;
  if (age <= kSampleCycles / 2) return {false, false, 0};
  line.taken = line.edges;
  const std::uint32_t before = age < kBlockCycles ? kBlockCycles - age : 0;
  return {GateIsHigh(), true, static_cast<std::uint8_t>((before + kSampleCycles / 2) / kSampleCycles)};
}

}  // namespace lottava::seed

extern "C" void EXTI15_10_IRQHandler() {
  using namespace lottava::seed;
  Reg(kPending) = Bit(pin::kGate.number);
  Note(GateInput::kGate);
}

extern "C" void EXTI9_5_IRQHandler() {
  using namespace lottava::seed;
  Reg(kPending) = Bit(pin::kFreeze.number);
  Note(GateInput::kFreeze);
}
