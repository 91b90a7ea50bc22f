// SPDX-License-Identifier: MIT
// Lookup tables of functions that few voices use; the Seed reads them from flash through its data cache.
#include "nn/activation.h"

// The declarations come first.
#include "generated/nn_rare_tables.h"
