// SPDX-License-Identifier: MIT
// Clock, supply and pins of the two USB cores (RM0433 8 RCC, 9 CRS, 6 PWR, 57 OTG).
#include "usb_chip.h"

#include "gpio.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kCrs = 0x40008400;  // RM0433 9
constexpr Address kRccAhb1Reset = kRcc + 0x80, kRccApb1HighEnable = kRcc + 0xEC, kRccAhb1Sleep = kRcc + 0x100;
constexpr std::uint32_t kCrsAutoTrim = Bit(6), kCrsEnable = Bit(5);

struct Wiring {
  Pin minus, plus;
  std::uint32_t alternate;
  std::uint32_t core, ulpi;   // bits of AHB1's enable, reset and sleep registers
  std::uint32_t sync_source;  // CRS_CFGR.SYNCSRC, as of revision V
  unsigned irq;
};
constexpr Wiring kWirings[] = {
    {pin::kUsbMinus, pin::kUsbPlus, 10, Bit(27), Bit(28), 3, 101},
    {pin::kPanelUsbMinus, pin::kPanelUsbPlus, 12, Bit(25), Bit(26), 2, 77},
};
// Above all that may wait, below all that may not: audio, converters, gates.
constexpr unsigned kPriority = 8;

const Wiring& WiringOf(UsbPort port) { return kWirings[static_cast<unsigned>(port)]; }

// 48 MHz from an oscillator within 1 %; locked to the host's frames, one a millisecond, it is within 0.25 % as USB asks.
void FollowFrames(std::uint32_t source) {
  constexpr std::uint32_t kReload = 47'999, kErrorLimit = 34;
  Reg(kCrs) = Reg(kCrs) & ~(kCrsAutoTrim | kCrsEnable);
  Reg(kCrs + 0x04) = source << 28 | kErrorLimit << 16 | kReload;
  SetBits(kCrs, kCrsAutoTrim | kCrsEnable);
}

}  // namespace

void UsbChipInit() {
  constexpr std::uint32_t kHsi48On = Bit(12), kUsbSupplyDetector = Bit(24);
  SetBits(kRcc, kHsi48On);
  WaitUntilSet(kRcc, kHsi48On << 1);
  Modify(kRcc + 0x54, 3u << 20, 3u << 20);  // USB from HSI48
  EnableClock(kRccApb1HighEnable, Bit(1));
  SetBits(kPwr + 0x0C, kUsbSupplyDetector);
  Configure(pin::kPanelVbus, {PinMode::kInput, Pull::kDown, Speed::kLow, 0});
}

void UsbPortOn(UsbPort port) {
  const Wiring& wiring = WiringOf(port);
  FollowFrames(wiring.sync_source);
  const PinConfig config{PinMode::kAlternate, Pull::kNone, Speed::kVeryHigh, wiring.alternate};
  Configure(wiring.minus, config);
  Configure(wiring.plus, config);
  EnableClock(kRccAhb1Enable, wiring.core);
  Modify(kRccAhb1Sleep, wiring.ulpi, 0);  // else the core waits for an external transceiver's clock whenever we sleep
  Modify(kRccAhb1Reset, wiring.core, 0);
  *reinterpret_cast<volatile std::uint8_t*>(kNvic + 0x300 + wiring.irq) = kPriority << 4;
}

void UsbPortOff(UsbPort port) {
  const Wiring& wiring = WiringOf(port);
  SetBits(kRccAhb1Reset, wiring.core);
  Configure(wiring.minus, {PinMode::kAnalog, Pull::kNone, Speed::kLow, 0});
  Configure(wiring.plus, {PinMode::kAnalog, Pull::kNone, Speed::kLow, 0});
}

bool UsbPanelHasPower() { return Read(pin::kPanelVbus); }

}  // namespace lottava::seed
