// SPDX-License-Identifier: MIT
// Which DMA1 stream carries what, and how a circular one is set up (RM0433 15, 17).
#pragma once
#include <cstdint>

#include "registers.h"

namespace lottava::seed {

enum class DmaStream : unsigned { kSaiTransmit = 0, kSaiReceive = 1, kAdc = 2, kUsartReceive = 3, kDac = 4 };

constexpr std::uint32_t kDmaHalfInterrupt = Bit(3), kDmaCompleteInterrupt = Bit(4), kDmaToPeripheral = Bit(6);
constexpr std::uint32_t kDmaBytes = 0, kDmaHalfWords = Bit(13) | Bit(11), kDmaWords = Bit(14) | Bit(12);
constexpr std::uint32_t kDmaPriorityHigh = 2u << 16;
constexpr std::uint32_t kDmaHalfFlag = Bit(4), kDmaCompleteFlag = Bit(5);

struct DmaConfig {
  std::uint32_t request;  // DMAMUX1 input
  Address peripheral;
  const volatile void* memory;
  std::uint32_t length;  // items
  std::uint32_t control;
};

// Starts a stream in circular mode with incrementing memory address.
void DmaStart(DmaStream stream, const DmaConfig& config);
std::uint32_t DmaRemaining(DmaStream stream);
// Reads and clears the flags of a stream: kDmaHalfFlag, kDmaCompleteFlag.
std::uint32_t DmaTakeFlags(DmaStream stream);

}  // namespace lottava::seed
