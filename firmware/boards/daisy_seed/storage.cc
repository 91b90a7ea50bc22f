// SPDX-License-Identifier: MIT
// Plain forwarding; the console reads back what it wrote, so a write that ended is called done.
#include "boards/daisy_seed/storage.h"

#include "generated/record.h"

namespace lottava::seed {
namespace {

Qspi* AsQspi(void* context) { return static_cast<Qspi*>(context); }

bool ReadSlot(void* context, unsigned slot, std::uint8_t* to) {
  return AsQspi(context)->Read(slot * kSectorBytes, to, kRecordBytes);
}

bool StartWrite(void* context, unsigned slot, const std::uint8_t* bytes) {
  return AsQspi(context)->Write(slot * kSectorBytes, bytes, kRecordBytes);
}

WriteState State(void* context) { return AsQspi(context)->busy() ? WriteState::kBusy : WriteState::kDone; }

}  // namespace

RecordStorage MakeRecordStorage(Qspi* qspi) { return {qspi, ReadSlot, StartWrite, State}; }

}  // namespace lottava::seed
