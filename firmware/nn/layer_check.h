// SPDX-License-Identifier: MIT
// The rules of single layers, for nn_blob_check.
#ifndef LOTTAVA_NN_LAYER_CHECK_H_
#define LOTTAVA_NN_LAYER_CHECK_H_

#include "nn/blob.h"

#ifdef __cplusplus
extern "C" {
#endif

// Kind, activation, options, sizes, periods and scales, as lottava/layer_rules.py has them. The layer's tensors exist.
NnError nn_check_layer(const NnBlob* blob, const NnBlobLayer* layer);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_NN_LAYER_CHECK_H_
