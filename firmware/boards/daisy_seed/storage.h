// SPDX-License-Identifier: MIT
// The first sectors of the QSPI flash, where calibration and settings are kept.
#pragma once
#include "app/storage.h"
#include "boards/daisy_seed/qspi.h"

namespace lottava::seed {

// `qspi` stays the caller's and is polled by it.
RecordStorage MakeRecordStorage(Qspi* qspi);

}  // namespace lottava::seed
