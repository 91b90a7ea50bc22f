// SPDX-License-Identifier: MIT
// What three knobs do while ◀ is held: PITCH the root octave, CONTOUR the glide, MORPH its span.
//
//   own     --◀ down-->         held      the sound keeps the knob's old place
//   held    --turned-->         turned    the setting follows the knob
//   either  --◀ up-->           away      the sound keeps the old place still
//   away    --passes it-->      own       so nothing jumps
#ifndef LOTTAVA_APP_HELD_KNOBS_H_
#define LOTTAVA_APP_HELD_KNOBS_H_

#include <cstdint>

#include "app/io.h"
#include "app/settings.h"

namespace lottava {

class HeldKnobs {
 public:
  void Init() { *this = HeldKnobs(); }

  // Once a reading of the panel: puts the old places of knobs that are not their own into `inputs`. True while one is
  // turned for its held function: nobody means a tap then.
  bool Process(bool held, LottavaInputs* inputs);

  // What was turned to since the last call goes into `settings`; true where that changes them.
  bool Take(SettingsImage* settings);

 private:
  static constexpr unsigned kKnobs = 3;
  enum class Role : uint8_t { kOwn, kHeld, kTurned, kAway };
  struct Knob {
    Role role = Role::kOwn;
    bool above = false;      // the old place, when it was let go
    bool is_new = false;
    uint16_t kept = 0;       // the old place
    uint16_t read = 0;       // when ◀ went down, then where it is turned to
  };

  Knob knobs_[kKnobs];
};

}  // namespace lottava

#endif  // LOTTAVA_APP_HELD_KNOBS_H_
