// SPDX-License-Identifier: MIT
// MPU regions and the L1 data cache (PM0253 4.6, 4.8); the other one is on since startup.cc.
//
//   region 0  0x30000000  32 KB   DMA buffers: normal, not cached
//   region 1  0x90000000  256 MB  everything behind the QSPI controller: no access, no execution
//   region 2  0x90000000  8 MB    the QSPI flash: read only, no execution; on only in mapped mode
//   region 3  0xC0000000  64 MB   the SDRAM: normal, cached, no execution; by default it would be a device
//   region 4  0x00000000  32 B    the bottom of the ITCM, where null pointers lead: no access
//   region 5  0x20000000  32 B    the bottom of the stack, which is that of the DTCM: no access
// Everything else has the default map. What jumps over the guard of the stack leaves the DTCM and faults as well.
#include "memory.h"

#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kMpuControl = kMpu + 4, kMpuNumber = kMpu + 8, kMpuBase = kMpu + 12, kMpuAttributes = kMpu + 16;
constexpr std::uint32_t kNoExecute = Bit(28), kFullAccess = 3u << 24, kReadOnly = 6u << 24;
constexpr std::uint32_t kNormalUncached = Bit(19) | Bit(18);  // TEX 1, shareable
constexpr std::uint32_t kWriteThrough = Bit(17), kWriteBack = Bit(17) | Bit(16);
constexpr std::uint32_t kQspiBase = 0x90000000, kQspiBytes = 8u << 20;
constexpr std::uint32_t kLineBytes = 32;

constexpr std::uint32_t SizeField(unsigned log2_bytes) { return (log2_bytes - 1) << 1; }

void SetRegion(std::uint32_t number, std::uint32_t base, std::uint32_t attributes) {
  Reg(kMpuNumber) = number;
  Reg(kMpuBase) = base;
  Reg(kMpuAttributes) = attributes;
}

// 16 KB in 4 ways of 128 sets: invalidate by set and way before the first use.
void EnableDataCache() {
  constexpr std::uint32_t kSets = 128, kWays = 4;
  for (std::uint32_t set = 0; set < kSets; ++set) {
    for (std::uint32_t way = 0; way < kWays; ++way) {
      Reg(kCache + 0x10) = way << 30 | set << 5;  // DCISW
    }
  }
  Barrier();
  SetBits(kScb + 0x14, Bit(16));
  Barrier();
}

}  // namespace

void MemoryInit() {
  Barrier();
  Reg(kMpuControl) = 0;
  SetRegion(0, 0x30000000, kFullAccess | kNormalUncached | SizeField(15) | 1);
  SetRegion(1, kQspiBase, kNoExecute | SizeField(28) | 1);
  SetRegion(2, kQspiBase, 0);
  SetRegion(3, 0xC0000000, kNoExecute | kFullAccess | kWriteBack | SizeField(26) | 1);
  SetRegion(4, 0x00000000, kNoExecute | SizeField(5) | 1);
  SetRegion(5, 0x20000000, kNoExecute | SizeField(5) | 1);
  Reg(kMpuControl) = Bit(2) | Bit(0);  // default map below the regions
  Barrier();
  EnableDataCache();
}

void OpenQspiWindow() {
  SetRegion(2, kQspiBase, kNoExecute | kReadOnly | kWriteThrough | SizeField(23) | 1);
  Barrier();
}

// Only lines that were read can be stale, and records are read from the first sectors; dropping every set
// and way would also drop dirty lines of other memory, so the window is invalidated by address, 64 KB of it.
void CloseQspiWindow() {
  constexpr std::uint32_t kUsedBytes = 64u << 10;
  static_assert(kUsedBytes <= kQspiBytes, "beyond the flash");
  SetRegion(2, kQspiBase, 0);
  Barrier();
  for (std::uint32_t offset = 0; offset < kUsedBytes; offset += kLineBytes) {
    Reg(kCache + 0x0C) = kQspiBase + offset;  // DCIMVAC
  }
  Barrier();
}

}  // namespace lottava::seed
