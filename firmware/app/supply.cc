// SPDX-License-Identifier: MIT
#include "app/supply.h"

namespace lottava {

namespace {

constexpr float kCoefficient = 1.0f / 32.0f;  // 16 codes a second: two seconds, noise of 0.1 cents over 5 octaves
constexpr float kLimit = 0.02f;               // what drifts further is no drift

}  // namespace

void Supply::Init(uint16_t reference_code) {
  then_ = now_ = static_cast<float>(reference_code);
  scale_ = 1.0f;
}

void Supply::Process(uint16_t code) {
  const float difference = static_cast<float>(code) - then_;
  const float limit = kLimit * then_;
  if (difference > limit || difference < -limit || then_ < 1.0f) return;
  now_ += kCoefficient * (static_cast<float>(code) - now_);
  scale_ = then_ / now_;
}

}  // namespace lottava
