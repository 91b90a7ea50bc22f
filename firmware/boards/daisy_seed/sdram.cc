// SPDX-License-Identifier: MIT
// AS4C16M32MSA on the first SDRAM bank of the FMC at 100 MHz (RM0433 22.9; its data sheet, power-up and initialisation).
#include "sdram.h"

#include "clock.h"
#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kControl = kFmc + 0x140, kTiming = kFmc + 0x148, kCommand = kFmc + 0x150, kRefresh = kFmc + 0x154,
                  kStatus = kFmc + 0x158;
constexpr std::uint32_t kBusy = Bit(5), kFirstBank = Bit(4);
constexpr std::uint32_t kStartClock = 1, kPrechargeAll = 2, kAutoRefresh = 3, kLoadMode = 4;

// Every data, address and control line, by port; all of them alternate function 12.
constexpr struct {
  std::uint8_t port;
  std::uint16_t pins;
} kPins[] = {{pin::D, 0xC703}, {pin::E, 0xFF83}, {pin::F, 0xF83F}, {pin::G, 0x8137}, {pin::H, 0xFF2C}, {pin::I, 0x06FF}};

void ConfigurePins() {
  for (const auto& entry : kPins) {
    for (std::uint8_t number = 0; number < 16; ++number) {
      if ((entry.pins >> number & 1) == 0) continue;
      Configure({entry.port, number}, {PinMode::kAlternate, Pull::kNone, Speed::kVeryHigh, 12});
    }
  }
}

void Command(std::uint32_t mode, std::uint32_t refreshes = 1, std::uint32_t mode_register = 0) {
  Reg(kCommand) = mode_register << 9 | (refreshes - 1) << 5 | kFirstBank | mode;
  while ((Reg(kStatus) & kBusy) != 0) {
  }
}

}  // namespace

void SdramInit() {
  ConfigurePins();
  EnableClock(kRccAhb3Enable, Bit(12));
  // Burst reads, clock / 2, CAS 3, four banks of 32 bits, 13 rows, 9 columns.
  Reg(kControl) = Bit(12) | 2u << 10 | 3u << 7 | Bit(6) | 2u << 4 | 2u << 2 | 1u;
  // Clocks less one: RCD 10, RP 16, WR 3, RC 8, RAS 4, XSR 7, MRD 2.
  Reg(kTiming) = 9u << 24 | 15u << 20 | 2u << 16 | 7u << 12 | 3u << 8 | 6u << 4 | 1u;
  Modify(kFmc, Bit(0), Bit(31));  // on, but for the NOR bank, which is open after reset and invites speculative reads
  Command(kStartClock);
  DelayMicroseconds(100);
  Command(kPrechargeAll);
  Command(kAutoRefresh, 4);
  Command(kLoadMode, 1, 0x232);  // bursts of 4, CAS 3, writes one by one
  Reg(kRefresh) = (781u - 20u) << 1;  // 8192 rows in 64 ms: one each 7.81 us, 20 clocks early
}

}  // namespace lottava::seed
