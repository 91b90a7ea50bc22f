// SPDX-License-Identifier: MIT
// The voice that was compiled in, and the check that this build computes it as the oracle does.
#ifndef LOTTAVA_APP_BUILTIN_H_
#define LOTTAVA_APP_BUILTIN_H_

#include <stddef.h>

#include "nn/network.h"

#ifdef __cplusplus
extern "C" {
#endif

// The blob of voice_blob.h.
const void* lottava_builtin_voice(size_t* length);

// Number of golden runs that the network misses, 0 when all is well, -1 when the voice does not load. Needs
// memories to itself; network is scratch as well.
int lottava_builtin_selftest(NnNetwork* network, const NnMemory memories[NN_MEMORIES]);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_APP_BUILTIN_H_
