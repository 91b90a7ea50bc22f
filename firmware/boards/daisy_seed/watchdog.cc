// SPDX-License-Identifier: MIT
// IWDG1, counting the 32 kHz LSI (RM0433 45).
#include "watchdog.h"

#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kKey = kWatchdog, kPrescaler = kWatchdog + 0x04, kReload = kWatchdog + 0x08,
                  kStatus = kWatchdog + 0x0C;
constexpr std::uint32_t kStart = 0xCCCC, kFeed = 0xAAAA, kUnlock = 0x5555;
constexpr std::uint32_t kBySixteen = 2, kTicksPerMillisecond = 2;

}  // namespace

// The counter's domain takes a new value over within five LSI clocks: 0.16 ms.
void WatchdogStart(std::uint32_t milliseconds) {
  Reg(kKey) = kStart;
  Reg(kKey) = kUnlock;
  Reg(kPrescaler) = kBySixteen;
  Reg(kReload) = milliseconds * kTicksPerMillisecond - 1;
  while (Reg(kStatus) != 0) {
  }
  WatchdogFeed();
}

void WatchdogFeed() { Reg(kKey) = kFeed; }

}  // namespace lottava::seed
