// SPDX-License-Identifier: MIT
// Where the registers are, and the four ways in which this board support touches one.
// Addresses and chapters are those of RM0433 (STM32H742/743/750) and PM0253 (Cortex-M7).
#pragma once
#include <cstdint>

namespace lottava::seed {

using Address = std::uintptr_t;

constexpr Address kTim3 = 0x40000400;      // RM0433 39
constexpr Address kTim6 = 0x40001000;      // RM0433 41
constexpr Address kI2c2 = 0x40005800;      // RM0433 47
constexpr Address kDac1 = 0x40007400;      // RM0433 26
constexpr Address kUsart1 = 0x40011000;    // RM0433 48
constexpr Address kSpi1 = 0x40013000;      // RM0433 50
constexpr Address kSai1 = 0x40015800;      // RM0433 51
constexpr Address kDma1 = 0x40020000;      // RM0433 15
constexpr Address kDmamux1 = 0x40020800;   // RM0433 17
constexpr Address kAdc1 = 0x40022000;      // RM0433 25
constexpr Address kAdcCommon = 0x40022300;
constexpr Address kFlash = 0x52002000;     // RM0433 4
constexpr Address kFmc = 0x52004000;       // RM0433 22
constexpr Address kQspi = 0x52005000;      // RM0433 23
constexpr Address kExti = 0x58000000;      // RM0433 20
constexpr Address kSyscfg = 0x58000400;    // RM0433 12
constexpr Address kWatchdog = 0x58004800;  // RM0433 45
constexpr Address kGpio = 0x58020000;      // RM0433 11
constexpr Address kRcc = 0x58024400;       // RM0433 8
constexpr Address kPwr = 0x58024800;       // RM0433 6
constexpr Address kBackupSram = 0x38800000;  // RM0433 2.4, 4 KB
constexpr Address kNvic = 0xE000E100;      // PM0253 4.2
constexpr Address kScb = 0xE000ED00;       // PM0253 4.3
constexpr Address kMpu = 0xE000ED90;       // PM0253 4.6
constexpr Address kCache = 0xE000EF50;     // PM0253 4.8

// Clock enables in RCC; AHB1/2/3/4 and APB1L/2/4.
constexpr Address kRccAhb3Enable = kRcc + 0xD4;
constexpr Address kRccAhb1Enable = kRcc + 0xD8;
constexpr Address kRccAhb2Enable = kRcc + 0xDC;
constexpr Address kRccAhb4Enable = kRcc + 0xE0;
constexpr Address kRccApb1LowEnable = kRcc + 0xE8;
constexpr Address kRccApb2Enable = kRcc + 0xF0;
constexpr Address kRccApb4Enable = kRcc + 0xF4;

constexpr std::uint32_t Bit(unsigned n) { return std::uint32_t{1} << n; }

inline volatile std::uint32_t& Reg(Address address) {
  return *reinterpret_cast<volatile std::uint32_t*>(address);
}

inline void Modify(Address address, std::uint32_t mask, std::uint32_t value) {
  Reg(address) = (Reg(address) & ~mask) | value;
}

inline void SetBits(Address address, std::uint32_t mask) { Modify(address, 0, mask); }

inline void WaitUntilSet(Address address, std::uint32_t mask) {
  while ((Reg(address) & mask) != mask) {
  }
}

// A peripheral may be touched two bus cycles after its clock is enabled (RM0433 8.5.10); the read back takes them.
inline void EnableClock(Address enable_register, std::uint32_t mask) {
  SetBits(enable_register, mask);
  [[maybe_unused]] const std::uint32_t taken = Reg(enable_register);
}

__attribute__((always_inline)) inline void Barrier() { __asm volatile("dsb\n isb" ::: "memory"); }

// Interrupt numbers of RM0433 19.1.2; priorities have 4 bits, in the upper half of the byte, 0 first.
inline void EnableInterrupt(unsigned irq, unsigned priority) {
  *reinterpret_cast<volatile std::uint8_t*>(kNvic + 0x300 + irq) = static_cast<std::uint8_t>(priority << 4);
  Reg(kNvic + 4 * (irq / 32)) = Bit(irq % 32);
}

}  // namespace lottava::seed
