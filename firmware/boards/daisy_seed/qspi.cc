// SPDX-License-Identifier: MIT
// IS25LP064A behind QUADSPI (RM0433 23; the chip's data sheet, sections 8.1-8.30).
//
// Continuous read stays off (mode byte 0): the chip then accepts commands after every mapped read.
#include "qspi.h"

#include <cstring>

#include "clock.h"
#include "gpio.h"
#include "memory.h"
#include "registers.h"

namespace lottava::seed {
namespace {

constexpr Address kControl = kQspi, kDeviceConfig = kQspi + 0x04, kStatus = kQspi + 0x08, kFlagClear = kQspi + 0x0C,
                  kDataLength = kQspi + 0x10, kCommand = kQspi + 0x14, kAddress = kQspi + 0x18,
                  kAlternateBytes = kQspi + 0x1C, kData = kQspi + 0x20;
constexpr std::uint32_t kAbort = Bit(1), kComplete = Bit(1), kBusy = Bit(5);

constexpr std::uint32_t kOneLine = 1, kFourLines = 3;
constexpr std::uint32_t kInstruction = kOneLine << 8, kAddress24 = kOneLine << 10 | 2u << 12, kSingleData = kOneLine << 24;
constexpr std::uint32_t kIndirectRead = 1u << 26, kMapped = 3u << 26;

constexpr std::uint32_t kWriteStatus = 0x01, kPageProgram = 0x02, kReadStatus = 0x05, kWriteEnable = 0x06,
                        kSectorErase = 0x20, kResetEnable = 0x66, kReset = 0x99, kSetReadParameters = 0xC0,
                        kQuadRead = 0xEB;
// Of the status register: the bits that survive without power are quad enable, and those of protections never wanted.
constexpr std::uint8_t kWriteInProgress = 1, kKeptBits = 0xFC, kQuadEnable = 0x40, kSixDummyCycles = 0xF0;
constexpr std::uint32_t kPageBytes = 256;
constexpr std::uintptr_t kWindow = 0x90000000;
constexpr std::uint32_t kChipBytes = 8u << 20;

volatile std::uint8_t& DataByte() { return *reinterpret_cast<volatile std::uint8_t*>(kData); }

void Finish() {
  WaitUntilSet(kStatus, kComplete);
  Reg(kFlagClear) = kComplete;
  while ((Reg(kStatus) & kBusy) != 0) {
  }
}

void Command(std::uint32_t code) {
  Reg(kCommand) = kInstruction | code;
  Finish();
}

std::uint8_t Status() {
  Reg(kDataLength) = 0;  // one byte
  Reg(kCommand) = kIndirectRead | kSingleData | kInstruction | kReadStatus;
  WaitUntilSet(kStatus, kComplete);
  const std::uint8_t status = DataByte();
  Finish();
  return status;
}

bool ChipIsBusy() { return (Status() & kWriteInProgress) != 0; }

// Nothing at start takes as long as this. Lines that nobody drives read as busy.
bool WaitForChip() {
  constexpr unsigned kTurns = 2000, kTurnMicroseconds = 50;
  for (unsigned turn = 0; turn < kTurns; ++turn) {
    if (!ChipIsBusy()) return true;
    DelayMicroseconds(kTurnMicroseconds);
  }
  return false;
}

bool WriteRegister(std::uint32_t code, std::uint8_t value) {
  Command(kWriteEnable);
  Reg(kDataLength) = 0;
  Reg(kCommand) = kSingleData | kInstruction | code;
  DataByte() = value;
  Finish();
  return WaitForChip();
}

constexpr Pin kWriteProtect{pin::F, 7};  // IO2, until quad mode is on
constexpr PinConfig kLine{PinMode::kAlternate, Pull::kNone, Speed::kVeryHigh, 9};

// A power cut while the status was written can leave protections behind, one of which counts while WP is low; and the
// controller holds it low outside quad mode (RM0433 23.3.3).
bool WriteStatus() {
  Write(kWriteProtect, true);
  Configure(kWriteProtect, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  const bool written = WriteRegister(kWriteStatus, kQuadEnable);
  Configure(kWriteProtect, kLine);
  return written && (Status() & kKeptBits) == kQuadEnable;
}

bool StartChip() {
  Command(kResetEnable);
  Command(kReset);
  DelayMicroseconds(100);  // the chip takes up to 35 us to come back
  if (!WaitForChip() || !WriteRegister(kSetReadParameters, kSixDummyCycles)) return false;
  return (Status() & kKeptBits) == kQuadEnable || WriteStatus();
}

void EnterMappedMode() {
  Reg(kAlternateBytes) = 0;
  Reg(kCommand) = kMapped | kFourLines << 24 | 6u << 18 | kFourLines << 14 | 2u << 12 | kFourLines << 10 | kInstruction |
                  kQuadRead;
  OpenQspiWindow();
}

void LeaveMappedMode() {
  CloseQspiWindow();
  SetBits(kControl, kAbort);
  while ((Reg(kControl) & kAbort) != 0 || (Reg(kStatus) & kBusy) != 0) {
  }
}

void ConfigurePins() {
  struct {
    Pin pin;
    std::uint32_t alternate;
  } const pins[] = {{{pin::F, 6}, 9}, {{pin::F, 7}, 9}, {{pin::F, 8}, 10}, {{pin::F, 9}, 10}, {{pin::F, 10}, 9}, {{pin::G, 6}, 10}};
  for (const auto& entry : pins) Configure(entry.pin, {PinMode::kAlternate, Pull::kNone, Speed::kVeryHigh, entry.alternate});
}

}  // namespace

void Qspi::Init() {
  ConfigurePins();
  EnableClock(kRccAhb3Enable, Bit(14));
  Reg(kControl) = 1u << 24;                 // 240 MHz / 2
  Reg(kDeviceConfig) = 22u << 16 | 1u << 8;  // 2^23 bytes, two cycles between commands
  SetBits(kControl, Bit(0));
  state_ = State::kMissing;
  if (!StartChip()) return;
  EnterMappedMode();
  state_ = State::kMapped;
}

bool Qspi::Read(std::uint32_t offset, void* to, std::size_t size) const {
  if (busy() || offset > kChipBytes || size > kChipBytes - offset) return false;
  std::memcpy(to, reinterpret_cast<const void*>(kWindow + offset), size);
  return true;
}

bool Qspi::Write(std::uint32_t offset, const void* from, std::size_t size) {
  if (busy() || offset % kSectorBytes != 0 || offset >= kChipBytes || size > kSectorBytes) return false;
  offset_ = offset;
  from_ = static_cast<const std::uint8_t*>(from);
  size_ = static_cast<std::uint32_t>(size);
  done_ = 0;
  state_ = State::kEraseStart;
  LeaveMappedMode();
  return true;
}

void Qspi::ProgramNextPage() {
  const std::uint32_t left = size_ - done_, length = left < kPageBytes ? left : kPageBytes;
  Command(kWriteEnable);
  Reg(kDataLength) = length - 1;
  Reg(kCommand) = kSingleData | kAddress24 | kInstruction | kPageProgram;
  Reg(kAddress) = offset_ + done_;
  for (std::uint32_t i = 0; i < length; ++i) DataByte() = from_[done_ + i];
  Finish();
  done_ += length;
}

void Qspi::Poll() {
  switch (state_) {
    case State::kMapped:
    case State::kMissing:
      return;
    case State::kEraseStart:
      Command(kWriteEnable);
      Reg(kCommand) = kAddress24 | kInstruction | kSectorErase;
      Reg(kAddress) = offset_;
      Finish();
      state_ = State::kEraseWait;
      return;
    case State::kEraseWait:
    case State::kProgramWait:
      if (ChipIsBusy()) return;
      state_ = State::kProgramStart;
      if (done_ < size_) return;
      EnterMappedMode();
      state_ = State::kMapped;
      return;
    case State::kProgramStart:
      ProgramNextPage();
      state_ = State::kProgramWait;
      return;
  }
}

}  // namespace lottava::seed
