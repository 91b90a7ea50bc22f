// SPDX-License-Identifier: MIT
// What the LEDs show: one pattern a state, a function of time.
#ifndef LOTTAVA_APP_LEDS_H_
#define LOTTAVA_APP_LEDS_H_

#include <cstdint>

namespace lottava {

// Numbers that are blinked; docs/recover.md lists them.
enum class LedFault : uint8_t { kNone = 0, kNoVoice = 1, kRestartedByFault = 2, kRestartedByWatchdog = 3 };

struct LedState {
  uint32_t blocks;      // since the start
  uint8_t slot;         // that plays, 0 .. 7
  bool identify;        // above all others
  bool calibrating;
  bool held;
  bool bench;           // no panel: the Seed's own LED has to do
  LedFault fault;
};

// lit: bit n is slot n + 1 in green, bit 8 + n in red. brightness: 0 .. 255. onboard: the LED of the Seed itself.
struct LedFrame {
  uint16_t lit;
  uint8_t brightness;
  bool onboard;
};

// identify: green and red in turn, 4 times a second. Fault: all red, its number of blinks, a pause. Start: green from
// 1 to 8. Calibrating: a red light that runs. Playing: the slot, green; held: it breaks off twice a second.
LedFrame LedPattern(const LedState& state);

}  // namespace lottava

#endif  // LOTTAVA_APP_LEDS_H_
