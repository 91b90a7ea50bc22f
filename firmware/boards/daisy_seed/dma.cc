// SPDX-License-Identifier: MIT
// Circular DMA1 streams (RM0433 15.5); flags of streams 0-3 sit 6, 6 and 10 bits apart, those of 4-7 likewise in the next word.
#include "dma.h"

namespace lottava::seed {
namespace {

constexpr unsigned kFlagShift[4] = {0, 6, 16, 22};
constexpr std::uint32_t kCircular = Bit(8), kMemoryIncrement = Bit(10), kEnable = Bit(0);

Address StreamBase(DmaStream stream) { return kDma1 + 0x10 + 0x18 * static_cast<unsigned>(stream); }

}  // namespace

void DmaStart(DmaStream stream, const DmaConfig& config) {
  const unsigned index = static_cast<unsigned>(stream);
  const Address base = StreamBase(stream);
  EnableClock(kRccAhb1Enable, Bit(0));
  Reg(base) = 0;
  while ((Reg(base) & kEnable) != 0) {
  }
  Reg(kDma1 + 0x08 + index / 4 * 4) = 0x3Fu << kFlagShift[index % 4];
  Reg(kDmamux1 + 4 * index) = config.request;
  Reg(base + 0x04) = config.length;
  Reg(base + 0x08) = config.peripheral;
  Reg(base + 0x0C) = reinterpret_cast<Address>(config.memory);
  Reg(base) = config.control | kCircular | kMemoryIncrement;
  SetBits(base, kEnable);
}

std::uint32_t DmaRemaining(DmaStream stream) { return Reg(StreamBase(stream) + 0x04); }

__attribute__((section(".itcm.dma"))) std::uint32_t DmaTakeFlags(DmaStream stream) {
  const unsigned shift = kFlagShift[static_cast<unsigned>(stream)];
  const std::uint32_t flags = Reg(kDma1) >> shift & (kDmaHalfFlag | kDmaCompleteFlag);
  Reg(kDma1 + 0x08) = flags << shift;
  return flags;
}

}  // namespace lottava::seed
