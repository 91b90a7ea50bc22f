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

  // Level 0..1 for the frame that begins, `samples` after the last one. shape: 0 pluck, 0.5 gate, 1 slow.
  float Process(bool gate, float shape, uint32_t samples);

 private:
  float level_;
  bool rising_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_CONTOUR_H_
