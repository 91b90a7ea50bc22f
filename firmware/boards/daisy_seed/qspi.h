// SPDX-License-Identifier: MIT
// The Seed's 8 MB flash: read through the mapped window, written in the background by polling.
//
//   Mapped --Write()--> erase -> program a page -> .. -> last page --> Mapped
// Poll() takes at most one short step and never waits for the chip.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lottava::seed {

constexpr std::uint32_t kSectorBytes = 4096;

class Qspi {
 public:
  // Resets the chip, sets quad mode and opens the window. A chip that does not answer within 0.1 s stays busy for good.
  void Init();

  // True when `offset .. offset + size` could be copied; false while a write is going on.
  bool Read(std::uint32_t offset, void* to, std::size_t size) const;

  // Erases the sector at `offset` (a multiple of kSectorBytes), then programs `size` <= kSectorBytes bytes.
  // The bytes are the caller's until busy() is false. False when busy or misaligned.
  bool Write(std::uint32_t offset, const void* from, std::size_t size);

  void Poll();
  bool busy() const { return state_ != State::kMapped; }
  bool missing() const { return state_ == State::kMissing; }

 private:
  enum class State { kMissing, kMapped, kEraseStart, kEraseWait, kProgramStart, kProgramWait };

  void ProgramNextPage();

  State state_;
  std::uint32_t offset_;
  const std::uint8_t* from_;
  std::uint32_t size_;
  std::uint32_t done_;
};

}  // namespace lottava::seed
