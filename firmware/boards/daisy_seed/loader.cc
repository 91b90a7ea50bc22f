// SPDX-License-Identifier: MIT
// A word in the backup SRAM says where the next reset shall lead (AN2606 for where the ROM's vectors lie).
#include "loader.h"

#include "fault.h"
#include "registers.h"
#include "system.h"

namespace lottava::seed {
namespace {

constexpr Address kRomVectors = 0x1FF09800;
constexpr Address kRequest = kBackupSram + 0x80;  // behind the fault's note
constexpr std::uint32_t kAsked = 0x44465521;      // "!UFD"

}  // namespace

void RebootToLoader() {
  Reg(kRequest) = kAsked;
  CleanBackupLine(kRequest);
  Reset();
}

void EnterLoaderIfAsked() {
  OpenBackupSram();
  if (Reg(kRequest) != kAsked) return;
  Reg(kRequest) = 0;
  Reg(kScb + 0x08) = kRomVectors;
  Barrier();
  __asm volatile("msr msp, %0\n bx %1" ::"r"(Reg(kRomVectors)), "r"(Reg(kRomVectors + 4)));
  __builtin_unreachable();
}

}  // namespace lottava::seed
