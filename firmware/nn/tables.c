// SPDX-License-Identifier: MIT
// The lookup tables, once for all kernels.
#include "nn/activation.h"

// The declarations come first.
#include "generated/nn_tables.h"
