// SPDX-License-Identifier: MIT
// USART1 with its FIFOs, receiving by circular DMA, sending when polled (RM0433 48).
#include "usart.h"

#include "clock.h"
#include "dma.h"
#include "gpio.h"

namespace lottava::seed {
namespace {

constexpr std::uint32_t kBaud = 115'200, kRingBytes = 256;
constexpr Address kStatus = kUsart1 + 0x1C, kClear = kUsart1 + 0x20, kReceiveData = kUsart1 + 0x24,
                  kTransmitData = kUsart1 + 0x28;
constexpr std::uint32_t kTransmitNotFull = Bit(7), kTransmitComplete = Bit(6), kErrors = 0xF;

__attribute__((section(".dma"), aligned(32))) volatile std::uint8_t ring_[kRingBytes];
std::uint32_t read_;

}  // namespace

void UsartInit() {
  constexpr PinConfig kPort{PinMode::kAlternate, Pull::kUp, Speed::kHigh, 7};
  Configure(pin::kUsartTx, kPort);
  Configure(pin::kUsartRx, kPort);
  EnableClock(kRccApb2Enable, Bit(4));
  Reg(kUsart1) = 0;
  Reg(kUsart1 + 0x0C) = (kApbHz + kBaud / 2) / kBaud;
  Reg(kUsart1 + 0x08) = Bit(12) | Bit(6);                  // no overrun stop, receive by DMA
  Reg(kUsart1) = Bit(29) | Bit(3) | Bit(2) | Bit(0);       // FIFO, transmit, receive, on
  DmaStart(DmaStream::kUsartReceive, {41, kReceiveData, ring_, kRingBytes, kDmaBytes});
}

int UsartRead() {
  if ((Reg(kStatus) & kErrors) != 0) Reg(kClear) = kErrors;
  const std::uint32_t written = (kRingBytes - DmaRemaining(DmaStream::kUsartReceive)) % kRingBytes;
  if (read_ == written) return -1;
  const int byte = ring_[read_];
  read_ = (read_ + 1) % kRingBytes;
  return byte;
}

bool UsartWrite(std::uint8_t byte) {
  if ((Reg(kStatus) & kTransmitNotFull) == 0) return false;
  Reg(kTransmitData) = byte;
  return true;
}

bool UsartIsIdle() { return (Reg(kStatus) & kTransmitComplete) != 0; }

}  // namespace lottava::seed
