// SPDX-License-Identifier: MIT
// Plain forwarding; the store reads back what it wrote, so a write that ended is called done. Without a chip every write fails at once.
#include "boards/daisy_seed/storage.h"

namespace lottava::seed {
namespace {

Qspi* AsQspi(void* context) { return static_cast<Qspi*>(context); }

bool ReadSector(void* context, unsigned sector, void* to, std::size_t size) {
  return AsQspi(context)->Read(sector * kSectorBytes, to, size);
}

bool StartWrite(void* context, unsigned sector, const void* bytes, std::size_t size) {
  return AsQspi(context)->missing() || AsQspi(context)->Write(sector * kSectorBytes, bytes, size);
}

WriteState State(void* context) {
  if (AsQspi(context)->missing()) return WriteState::kFailed;
  return AsQspi(context)->busy() ? WriteState::kBusy : WriteState::kDone;
}

}  // namespace

RecordStorage MakeRecordStorage(Qspi* qspi) { return {qspi, ReadSector, StartWrite, State}; }

}  // namespace lottava::seed
