// SPDX-License-Identifier: MIT
// SAI1 A is the master, B runs in step with it; both by circular DMA of two blocks (RM0433 51, 15). The codec's data
// lines say which of them sends: A on Rev4 and 2 DFM, B on a Seed 1.1.
//
//   time    |  block n   |  block n+1 |      The receive stream interrupts at each half:
//   DMA     |  half 0    |  half 1    |      while half 1 sounds, the callback fills half 0.
#include "audio.h"

#include "codec.h"
#include "dma.h"
#include "gpio.h"
#include "startup.h"

namespace lottava::seed {
namespace {

constexpr unsigned kHalfWords = 2 * kBlockSize;
constexpr unsigned kIrqDma1Stream1 = 12, kPriority = 4;
constexpr Address kBlockA = kSai1 + 0x04, kBlockB = kSai1 + 0x24;
constexpr Address kStatus = 0x14, kData = 0x1C;  // from the start of a block
constexpr std::uint32_t kFifoLevel = 7u << 16;
constexpr std::uint32_t kRequestA = 87, kRequestB = 88;
constexpr std::uint32_t kReceives = 1, kSlave = 2;
constexpr std::uint32_t kSaiEnable = Bit(16), kSaiDmaEnable = Bit(17);

__attribute__((section(".dma"), aligned(32))) Frame transmit_[2 * kBlockSize];
__attribute__((section(".dma"), aligned(32))) Frame receive_[2 * kBlockSize];
BlockCallback callback_;
volatile std::uint32_t missed_blocks_;

// The slowest to settle is the WM8731: 10 uF through 25 kOhm charge its mid-supply, twice 250 ms to 1 % of a step.
constexpr std::uint32_t kMutedBlocks = 500 * LOTTAVA_PANEL_SAMPLES / kBlockSize;
std::uint32_t muted_blocks_left_;

struct Line {
  Address block;
  std::uint32_t request;
};
struct Wiring {
  Line transmit, receive;
};

Wiring WiringOf(SeedRevision revision) {
  constexpr Line kA{kBlockA, kRequestA}, kB{kBlockB, kRequestB};
  return revision == SeedRevision::k1_1 ? Wiring{kB, kA} : Wiring{kA, kB};
}

// 64-bit frames, 24 bits MSB-justified in 32-bit slots. MCKDIV 4: 49.1667 MHz / 4 / 256 = 48 014.3 Hz.
void ConfigureSai(const Wiring& wiring) {
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
  Reg(kBlockA) = 4u << 20 | Bit(9) | 6u << 5;         // master, 24 bits, changing on the falling edge
  Reg(kBlockB) = 1u << 10 | Bit(9) | 6u << 5 | kSlave;  // synchronous with A
  SetBits(wiring.receive.block, kReceives);
}

// The receiver first, and the sender only when its FIFO holds something: the order of the reference start-up.
void StartSai(const Wiring& wiring) {
  SetBits(wiring.receive.block, kSaiDmaEnable);
  SetBits(wiring.receive.block, kSaiEnable);
  SetBits(wiring.transmit.block, kSaiDmaEnable);
  while ((Reg(wiring.transmit.block + kStatus) & kFifoLevel) == 0) {
  }
  SetBits(wiring.transmit.block, kSaiEnable);
}

}  // namespace

void AudioStart(SeedRevision revision, BlockCallback callback) {
  callback_ = callback;
  muted_blocks_left_ = kMutedBlocks;
  Write(pin::kOutputMute, true);
  Configure(pin::kOutputMute, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  for (Frame& frame : transmit_) frame[0] = frame[1] = 0;  // this memory wakes up with anything in it
  const Wiring wiring = WiringOf(revision);
  ConfigureSai(wiring);
  CodecStart(revision);
  DmaStart(DmaStream::kSaiTransmit, {wiring.transmit.request, wiring.transmit.block + kData, transmit_, 2 * kHalfWords,
                                     kDmaPriorityHigh | kDmaWords | kDmaToPeripheral});
  DmaStart(DmaStream::kSaiReceive,
           {wiring.receive.request, wiring.receive.block + kData, receive_, 2 * kHalfWords,
            kDmaPriorityHigh | kDmaWords | kDmaHalfInterrupt | kDmaCompleteInterrupt});
  EnableInterrupt(kIrqDma1Stream1, kPriority);
  StartSai(wiring);
}

std::uint32_t AudioMissedBlocks() { return missed_blocks_; }

// MUTE sends zeros in place of the FIFO's words, so that DMA and clocks go on (RM0433 51.4.12); receivers ignore it.
LOTTAVA_FLASH void AudioMute() {
  if ((Reg(kRccApb2Enable) & Bit(22)) == 0) return;
  SetBits(kBlockA + 0x04, Bit(5));
  SetBits(kBlockB + 0x04, Bit(5));
  Write(pin::kOutputMute, true);
}

}  // namespace lottava::seed

extern "C" __attribute__((section(".itcm.audio"))) void DMA1_Stream1_IRQHandler() {
  using namespace lottava::seed;
  const std::uint32_t flags = DmaTakeFlags(DmaStream::kSaiReceive);
  if (flags == (kDmaHalfFlag | kDmaCompleteFlag)) missed_blocks_ = missed_blocks_ + 1;
  const unsigned half = (flags & kDmaCompleteFlag) != 0 ? kBlockSize : 0;
  if (muted_blocks_left_ != 0 && --muted_blocks_left_ == 0) Write(pin::kOutputMute, false);
  callback_(receive_ + half, transmit_ + half);
}
