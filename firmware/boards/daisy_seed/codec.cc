// SPDX-License-Identifier: MIT
// PB11 means something else on each revision: the AK4556's reset, the WM8731's data line, the PCM3060's de-emphasis.
#include "codec.h"

#include "clock.h"
#include "gpio.h"

namespace lottava::seed {
namespace {

constexpr PinConfig kOutput{PinMode::kOutput, Pull::kNone, Speed::kLow, 0};

// Rev4: high, low, high, a millisecond each, as the reference start-up does; the data sheet asks for 150 ns of low.
void ResetAk4556() {
  Configure(pin::kCodecReset, kOutput);
  constexpr bool kLevels[] = {true, false, true};
  for (const bool level : kLevels) {
    Write(pin::kCodecReset, level);
    DelayMicroseconds(1000);
  }
}

// 2 DFM: the PCM3060 is strapped to hardware mode and left-justified 24 bits; only de-emphasis is to be kept off.
void SetUpPcm3060() {
  Write(pin::kCodecDeemphasis, false);
  Configure(pin::kCodecDeemphasis, kOutput);
}

}  // namespace

void CodecStart(SeedRevision revision) {
  constexpr unsigned kAttempts = 3;
  switch (revision) {
    case SeedRevision::kRev4:
      ResetAk4556();
      return;
    case SeedRevision::k2Dfm:
      SetUpPcm3060();
      return;
    case SeedRevision::k1_1:
      for (unsigned i = 0; i < kAttempts && !Wm8731Start(); ++i) {
      }
      return;
  }
}

}  // namespace lottava::seed
