// SPDX-License-Identifier: MIT
// CONTOUR: one knob from pluck through organ gate to slow pad.
#ifndef LOTTAVA_APP_CONTOUR_H_
#define LOTTAVA_APP_CONTOUR_H_

#include <cstdint>

namespace lottava {

class Contour {
 public:
  void Init();

  // A rising gate: rise again from wherever the level is.
  void Trigger() { rising_ = true; }

  // Level 0..1 at the end of the hop that begins, from where it stands: `share` of the last hop has passed, 1 = all.
  // shape: 0 pluck, 0.5 gate, 1 slow.
  float Process(bool gate, float shape, float share);

 private:
  float level_, before_;  // at the end of this hop and at its start
  bool rising_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_CONTOUR_H_
