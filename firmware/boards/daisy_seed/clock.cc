// SPDX-License-Identifier: MIT
// Power scale, flash wait states, three PLL settings and the bus dividers (RM0433 6, 4, 8).
#include "clock.h"

#include "registers.h"

namespace lottava::seed {
namespace {

constexpr std::uint32_t Pll(std::uint32_t n, std::uint32_t p, std::uint32_t q, std::uint32_t r) {
  return (r - 1) << 24 | (q - 1) << 16 | (p - 1) << 9 | (n - 1);
}

// VOS1, then the overdrive bit makes it VOS0: 480 MHz needs it (RM0433 6.6.2, revision V silicon).
void RaiseCoreVoltage() {
  constexpr std::uint32_t kVosReady = Bit(13);
  Modify(kPwr + 0x0C, 7, Bit(1));  // LDO supplies the core
  WaitUntilSet(kPwr + 0x04, kVosReady);
  Modify(kPwr + 0x18, 3u << 14, 3u << 14);
  WaitUntilSet(kPwr + 0x18, kVosReady);
  EnableClock(kRccApb4Enable, Bit(1));
  SetBits(kSyscfg + 0x2C, Bit(0));
  WaitUntilSet(kPwr + 0x18, kVosReady);
}

// The crystal is 16 MHz.
void StartPlls() {
  constexpr std::uint32_t kHseOn = Bit(16), kPll1On = Bit(24), kPll2On = Bit(26), kPll3On = Bit(28);
  SetBits(kRcc, kHseOn);
  WaitUntilSet(kRcc, kHseOn << 1);
  Reg(kRcc + 0x28) = 6u << 20 | 1u << 12 | 4u << 4 | 2u;  // M3 6, M2 1, M1 4, source HSE
  Reg(kRcc + 0x30) = Pll(240, 2, 5, 2);                   // 16/4*240/2 = 480 MHz
  Reg(kRcc + 0x38) = Pll(12, 8, 2, 1);                    // 16/1*12.5/1 = 200 MHz SDRAM
  Reg(kRcc + 0x3C) = 4096u << 3;
  Reg(kRcc + 0x40) = Pll(295, 16, 4, 32);  // 16/6*295/16 = 49.1667 MHz audio, /32 = 24.58 MHz ADC
  Reg(kRcc + 0x2C) = 0x016F0599;           // outputs P1 Q1 R1 P2 R2 P3 R3; ranges 2, 2, 1
  SetBits(kRcc, kPll1On | kPll2On | kPll3On);
  WaitUntilSet(kRcc, kPll1On << 1 | kPll2On << 1 | kPll3On << 1);
}

}  // namespace

void ClockInit() {
  RaiseCoreVoltage();
  Modify(kFlash, 0x3F, 3u << 4 | 4u);  // 4 wait states, highest signal delay: 240 MHz at VOS0
  StartPlls();
  Reg(kRcc + 0x18) = 4u << 4 | 8u;       // HCLK = 240 MHz, APB3 = 120 MHz
  Reg(kRcc + 0x1C) = 4u << 8 | 4u << 4;  // APB2, APB1
  Reg(kRcc + 0x20) = 4u << 4;            // APB4
  Modify(kRcc + 0x10, 7, 3);             // core from PLL1
  while ((Reg(kRcc + 0x10) >> 3 & 7) != 3) {
  }
  Reg(kRcc + 0x4C) = 2;                      // FMC from PLL2 R, QSPI from HCLK
  Reg(kRcc + 0x50) = 2u << 6 | 2u;           // SAI from PLL3 P
  Reg(kRcc + 0x58) = Bit(16);                // ADC from PLL3 R
  EnableClock(kRccAhb2Enable, 7u << 29);     // SRAM of domain 2, where the DMA buffers live
}

__attribute__((noinline)) void DelayMicroseconds(std::uint32_t microseconds) {
  std::uint32_t turns = microseconds * (kCoreHz / 1'000'000) + 1;
  __asm volatile("1: subs %0, #1\n bne 1b" : "+r"(turns)::"cc");
}

}  // namespace lottava::seed
