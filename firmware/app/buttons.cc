// SPDX-License-Identifier: MIT
#include "app/buttons.h"

#include "generated/board.h"

namespace lottava {

namespace {

constexpr uint8_t kSettledBlocks = 12;  // the ladder is read every 3.2 ms: four readings that agree
constexpr uint16_t kTapBlocks = 500, kHoldBlocks = 1000;

// Half-way between the ladder's levels: both, previous, next, none from below.
Button Read(uint16_t code) {
  const float share = static_cast<float>(code) / kAdcFullScale;
  if (share > 0.5f * (1.0f + kLadderNext)) return Button::kNone;
  if (share > 0.5f * (kLadderNext + kLadderPrevious)) return Button::kNext;
  return share > 0.5f * (kLadderPrevious + kLadderBoth) ? Button::kPrevious : Button::kBoth;
}

}  // namespace

ButtonEvent Buttons::Process(uint16_t code) {
  const Button read = Read(code);
  same_ = static_cast<uint8_t>(read != read_ ? 1 : same_ < kSettledBlocks ? same_ + 1 : same_);
  read_ = read;
  if (same_ < kSettledBlocks || read == down_) {
    if (blocks_ <= kHoldBlocks) ++blocks_;
    return down_ == Button::kBoth && blocks_ == kHoldBlocks ? ButtonEvent::kHold : ButtonEvent::kNone;
  }
  const Button before = down_;
  const bool tapped = read == Button::kNone && !spoilt_ && blocks_ < kTapBlocks;
  spoilt_ = read != Button::kNone && (spoilt_ || before != Button::kNone);
  down_ = read;
  blocks_ = 0;
  if (!tapped) return ButtonEvent::kNone;
  return before == Button::kPrevious ? ButtonEvent::kPreviousTap
         : before == Button::kNext   ? ButtonEvent::kNextTap
                                     : ButtonEvent::kNone;
}

}  // namespace lottava
