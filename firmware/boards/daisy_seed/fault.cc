// SPDX-License-Identifier: MIT
// Fault exceptions (PM0253 2.4), backup SRAM (RM0433 2.4, 6.7.3), reset flags (8.4.4).
//
//   fault -> outputs muted -> note -> 1 ms of silence -> reset -> FaultInit -> hello
// The handler trusts nothing that may be broken: it takes the stack from its top and reads a frame only where one can be.
#include "fault.h"

#include "audio.h"
#include "clock.h"
#include "registers.h"
#include "system.h"

namespace lottava::seed {
namespace {

constexpr Address kInterruptState = kScb + 0x04, kHandlerControl = kScb + 0x24, kFaultStatus = kScb + 0x28,
                  kHardFaultStatus = kScb + 0x2C, kMemoryFaultAddress = kScb + 0x34, kBusFaultAddress = kScb + 0x38,
                  kCleanLine = kCache + 0x20;
constexpr std::uint32_t kMemoryAddressValid = Bit(7), kBusAddressValid = Bit(15), kNoFrame = Bit(4) | Bit(12);
constexpr Address kResetStatus = kRcc + 0xD0;
constexpr std::uint32_t kRemoveFlags = Bit(16), kSoftwareReset = Bit(24), kWatchdogReset = Bit(26);
constexpr std::uint32_t kLineBytes = 32;
constexpr std::uint32_t kMagic = 0x544C5546;  // "FULT"
constexpr std::uint32_t kDtcm = 0x20000000, kDtcmBytes = 128u << 10, kFrameBytes = 32;

// At the start of the backup SRAM, which a reset leaves alone and a power-up fills with anything.
struct Note {
  std::uint32_t magic;
  std::uint32_t fresh;  // 1 until the boot after the fault
  FaultReport report;
  std::uint32_t check;  // complement of the sum of what is before
};
volatile Note& Kept() { return *reinterpret_cast<volatile Note*>(kBackupSram); }

constexpr unsigned kWords = sizeof(Note) / 4;
static_assert(sizeof(Note) <= 2 * kLineBytes, "two cache lines are cleaned");

void Load(Note* note) {
  const volatile std::uint32_t* from = &Kept().magic;
  for (unsigned i = 0; i < kWords; ++i) reinterpret_cast<std::uint32_t*>(note)[i] = from[i];
}

std::uint32_t Check(const Note& note) {
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < kWords - 1; ++i) sum += reinterpret_cast<const std::uint32_t*>(&note)[i];
  return ~sum;
}

void Save(Note* note) {
  note->magic = kMagic;
  note->check = Check(*note);
  volatile std::uint32_t* to = &Kept().magic;
  for (unsigned i = 0; i < kWords; ++i) to[i] = reinterpret_cast<const std::uint32_t*>(note)[i];
  CleanBackupLine(kBackupSram);
  CleanBackupLine(kBackupSram + kLineBytes);
}

FaultReport Describe(std::uint32_t stack) {
  FaultReport report{};
  report.exception = Reg(kInterruptState) & 0x1FF;
  report.status = Reg(kFaultStatus);
  report.hard_status = Reg(kHardFaultStatus);
  if ((report.status & kMemoryAddressValid) != 0) report.access = Reg(kMemoryFaultAddress);
  if ((report.status & kBusAddressValid) != 0) report.access = Reg(kBusFaultAddress);
  report.stack = stack;
  report.address = report.return_address = kUnknownAddress;
  const bool inside = stack >= kDtcm && stack <= kDtcm + kDtcmBytes - kFrameBytes;
  if (inside && (report.status & kNoFrame) == 0) {
    const std::uint32_t* frame = reinterpret_cast<const std::uint32_t*>(stack);
    report.return_address = frame[5];
    report.address = frame[6];
  }
  return report;
}

}  // namespace

void OpenBackupSram() {
  SetBits(kPwr, Bit(8));
  WaitUntilSet(kPwr, Bit(8));
  EnableClock(kRccAhb4Enable, Bit(28));
}

// What only reached the data cache would be lost with the reset.
void CleanBackupLine(std::uintptr_t address) {
  Barrier();
  Reg(kCleanLine) = address;
  Barrier();
}

ResetCause FaultInit(FaultReport* last) {
  OpenBackupSram();
  SetBits(kHandlerControl, Bit(18) | Bit(17) | Bit(16));  // UsageFault, BusFault, MemManage as themselves
  const std::uint32_t flags = Reg(kResetStatus);
  Reg(kResetStatus) = kRemoveFlags;
  ResetCause cause = (flags & kWatchdogReset) != 0   ? ResetCause::kWatchdog
                     : (flags & kSoftwareReset) != 0 ? ResetCause::kAsked
                                                     : ResetCause::kPower;
  Note note;
  Load(&note);
  *last = {};
  if (note.magic != kMagic || note.check != Check(note)) return cause;
  *last = note.report;
  if (note.fresh != 0) cause = ResetCause::kFault;
  note.fresh = 0;
  Save(&note);
  return cause;
}

}  // namespace lottava::seed

extern "C" [[noreturn]] __attribute__((used)) void FaultEnter(std::uint32_t stack) {
  using namespace lottava::seed;
  __asm volatile("cpsid i" ::: "memory");
  AudioMute();
  Note note{0, 1, Describe(stack), 0};
  Save(&note);
  DelayMicroseconds(1000);
  Reset();
}

// All faults and every interrupt that nobody expects. The main stack is the only one here.
extern "C" __attribute__((naked)) void Fault_Handler() {
  __asm volatile(
      "mov r0, sp\n"
      "ldr r1, =_stack_top\n"
      "msr msp, r1\n"
      "b FaultEnter\n");
}
