// SPDX-License-Identifier: MIT
// The calibration slots in the QSPI flash: slot n is sector n.
#pragma once
#include "app/storage.h"
#include "boards/daisy_seed/qspi.h"

namespace lottava::seed {

// `qspi` stays the caller's and is polled by it.
RecordStorage MakeRecordStorage(Qspi* qspi);

}  // namespace lottava::seed
