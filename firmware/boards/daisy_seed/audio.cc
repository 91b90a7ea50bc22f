// SPDX-License-Identifier: MIT
// SAI1 A sends as master, B receives in step with it; both by circular DMA of two blocks (RM0433 51, 15).
//
//   time    |  block n   |  block n+1 |      The receive stream interrupts at each half:
//   DMA     |  half 0    |  half 1    |      while half 1 sounds, the callback fills half 0.
#include "audio.h"

#include "clock.h"
#include "dma.h"
#include "gpio.h"

namespace lottava::seed {
namespace {

constexpr unsigned kHalfWords = 2 * kBlockSize;
constexpr unsigned kIrqDma1Stream1 = 12, kPriority = 4;
constexpr Address kBlockA = kSai1 + 0x04, kBlockB = kSai1 + 0x24;
constexpr Address kData = 0x1C;
constexpr std::uint32_t kSaiEnable = Bit(16), kSaiDmaEnable = Bit(17);

__attribute__((section(".dma"), aligned(32))) Frame transmit_[2 * kBlockSize];
__attribute__((section(".dma"), aligned(32))) Frame receive_[2 * kBlockSize];
BlockCallback callback_;
volatile std::uint32_t missed_blocks_;

// The AK4556 wants its reset low after the clocks are there; 1 ms each way, as the reference start-up does.
void ResetCodec() {
  Configure(pin::kCodecReset, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  constexpr bool kLevels[] = {true, false, true};
  for (const bool level : kLevels) {
    Write(pin::kCodecReset, level);
    DelayMicroseconds(1000);
  }
}

// 64-bit frames, 24 bits MSB-justified in 32-bit slots. MCKDIV 4: 49.1667 MHz / 4 / 256 = 48 014.3 Hz.
void ConfigureSai() {
  for (std::uint8_t number = 2; number <= 6; ++number) {  // MCLK, SD_B, FS, SCK, SD_A
    Configure({pin::E, number}, {PinMode::kAlternate, Pull::kUp, Speed::kMedium, 6});
  }
  EnableClock(kRccApb2Enable, Bit(22));
  constexpr Address kBlocks[] = {kBlockA, kBlockB};
  for (const Address block : kBlocks) {
    Reg(block + 0x04) = 1;                                   // FIFO threshold: a quarter
    Reg(block + 0x08) = Bit(17) | Bit(16) | 31u << 8 | 63u;  // FSPOL, FSDEF, 32 active, 64 bits
    Reg(block + 0x0C) = 0xFFFFu << 16 | 1u << 8 | 2u << 6;   // two 32-bit slots
  }
  Reg(kBlockA) = 4u << 20 | Bit(9) | 6u << 5;           // master transmit, 24 bits, falling edge
  Reg(kBlockB) = 1u << 10 | Bit(9) | 6u << 5 | 3u;      // slave receive, synchronous with A
}

}  // namespace

void AudioStart(BlockCallback callback) {
  callback_ = callback;
  for (Frame& frame : transmit_) frame[0] = frame[1] = 0;  // this memory wakes up with anything in it
  ConfigureSai();
  ResetCodec();
  DmaStart(DmaStream::kSaiTransmit, {87, kBlockA + kData, transmit_, 2 * kHalfWords,
                                     kDmaPriorityHigh | kDmaWords | kDmaToPeripheral});
  DmaStart(DmaStream::kSaiReceive,
           {88, kBlockB + kData, receive_, 2 * kHalfWords,
            kDmaPriorityHigh | kDmaWords | kDmaHalfInterrupt | kDmaCompleteInterrupt});
  EnableInterrupt(kIrqDma1Stream1, kPriority);
  SetBits(kBlockB, kSaiDmaEnable);  // receiver first, then the master that clocks both
  SetBits(kBlockB, kSaiEnable);
  SetBits(kBlockA, kSaiDmaEnable);
  SetBits(kBlockA, kSaiEnable);
}

std::uint32_t AudioMissedBlocks() { return missed_blocks_; }

// MUTE sends zeros in place of the FIFO's words, so that DMA and clocks go on (RM0433 51.4.12); receivers ignore it.
void AudioMute() {
  if ((Reg(kRccApb2Enable) & Bit(22)) == 0) return;
  SetBits(kBlockA + 0x04, Bit(5));
  SetBits(kBlockB + 0x04, Bit(5));
}

}  // namespace lottava::seed

extern "C" __attribute__((section(".itcm.audio"))) void DMA1_Stream1_IRQHandler() {
  using namespace lottava::seed;
  const std::uint32_t flags = DmaTakeFlags(DmaStream::kSaiReceive);
  if (flags == (kDmaHalfFlag | kDmaCompleteFlag)) missed_blocks_ = missed_blocks_ + 1;
  const unsigned half = (flags & kDmaCompleteFlag) != 0 ? kBlockSize : 0;
  callback_(receive_ + half, transmit_ + half);
}
