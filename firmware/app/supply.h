// SPDX-License-Identifier: MIT
// 3V3_A, which all voltages are measured by, followed while the module plays: by a reference that does not depend on it.
//
// Converters and biases share 3V3_A, so that a jack's volts are its code times 3V3_A, less op-amp offsets. 0.1 % of it
// are 6 cents over 5 octaves, and a regulator's 100 ppm a kelvin makes as much in 10 K.
#ifndef LOTTAVA_APP_SUPPLY_H_
#define LOTTAVA_APP_SUPPLY_H_

#include <cstdint>

namespace lottava {

class Supply {
 public:
  // reference_code: what the 2.5 V reference read when the module was calibrated; 0 = unknown, the scale stays 1.
  void Init(uint16_t reference_code);

  // A code of the reference; one that is no reference's, because the switch just turned, is left out.
  void Process(uint16_t code);

  // Volts now for a volt then.
  float scale() const { return scale_; }

 private:
  float then_, now_, scale_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_SUPPLY_H_
