// SPDX-License-Identifier: MIT
// Memory protection and data cache.
#pragma once

namespace lottava::seed {

// After the SDRAM is there: what is cached may be read speculatively.
void MemoryInit();

// The QSPI window may be read only while the controller is in mapped mode: a speculative read
// of the unmapped window hangs the bus. Opening it drops what the caches knew of it.
void OpenQspiWindow();
void CloseQspiWindow();

}  // namespace lottava::seed
