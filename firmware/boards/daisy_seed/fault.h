// SPDX-License-Identifier: MIT
// Faults: silence at once, a note in the backup SRAM, a reset; the next boot reads the note.
#pragma once
#include <cstdint>

namespace lottava::seed {

// The values that hello reports, see HelloReply in generated/wire.h.
enum class ResetCause : std::uint8_t { kPower = 0, kAsked = 1, kWatchdog = 2, kFault = 3 };

// PM0253 2.4, 4.3. All zero: none since power-up.
struct FaultReport {
  std::uint32_t exception;       // number: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault, others unexpected
  std::uint32_t address;         // program counter; kUnknownAddress where the stack had no room for it
  std::uint32_t return_address;  // link register, likewise
  std::uint32_t status;          // CFSR
  std::uint32_t hard_status;     // HFSR
  std::uint32_t access;          // what it touched, 0 where the core doesn't say
  std::uint32_t stack;           // stack pointer after the core pushed its frame
};
constexpr std::uint32_t kUnknownAddress = 0xFFFFFFFF;

// First thing after reset: from here on a fault leaves its note. Says why the chip was reset and what the last fault was.
ResetCause FaultInit(FaultReport* last);

// The backup SRAM with its clock and write access; what is written there survives a reset once its cache line is cleaned.
void OpenBackupSram();
void CleanBackupLine(std::uintptr_t address);

}  // namespace lottava::seed
