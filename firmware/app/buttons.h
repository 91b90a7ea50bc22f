// SPDX-License-Identifier: MIT
// Two buttons on one wire: a ladder of resistors, read once a block.
#ifndef LOTTAVA_APP_BUTTONS_H_
#define LOTTAVA_APP_BUTTONS_H_

#include <cstdint>

namespace lottava {

enum class Button : uint8_t { kNone, kPrevious, kNext, kBoth };

// Taps come when the button is let go, within half a second; hold once, when both have been down for a second.
enum class ButtonEvent : uint8_t { kNone, kPreviousTap, kNextTap, kHold };

class Buttons {
 public:
  void Init() { *this = Buttons(); }

  // Once a block, with the ladder's code.
  ButtonEvent Process(uint16_t code);

  // What is down now has been used for something else: no tap comes of it.
  void Spoil() { spoilt_ = true; }

  // Down now, contacts settled.
  Button down() const { return down_; }

 private:
  Button down_ = Button::kNone, read_ = Button::kNone;
  uint8_t same_ = 0;        // blocks for which read_ has been read
  uint16_t blocks_ = 0;     // for which down_ has been down
  bool spoilt_ = false;     // more than one button since all were up, or another use: nobody meant a tap
};

}  // namespace lottava

#endif  // LOTTAVA_APP_BUTTONS_H_
