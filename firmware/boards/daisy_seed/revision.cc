// SPDX-License-Identifier: MIT
// Straps of the Daisy Seed: PD3 low on a 1.1, PD4 low on a 2 DFM, both open on a Rev4.
#include "revision.h"

#include "clock.h"
#include "gpio.h"

namespace lottava::seed {

SeedRevision ReadRevision() {
  constexpr PinConfig kStrap{PinMode::kInput, Pull::kUp, Speed::kLow, 0};
  Configure(pin::kStrap1_1, kStrap);
  Configure(pin::kStrap2Dfm, kStrap);
  DelayMicroseconds(10);
  if (!Read(pin::kStrap1_1)) return SeedRevision::k1_1;
  if (!Read(pin::kStrap2Dfm)) return SeedRevision::k2Dfm;
  return SeedRevision::kRev4;
}

}  // namespace lottava::seed
