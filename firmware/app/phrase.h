// SPDX-License-Identifier: MIT
// What a Seed without a board plays: a few notes without end, as a player's hands would bring them.
#ifndef LOTTAVA_APP_PHRASE_H_
#define LOTTAVA_APP_PHRASE_H_

#include <cstddef>
#include <cstdint>

#include "app/cv_scaler.h"
#include "app/io.h"

namespace lottava {

class Phrase {
 public:
  // From its first note.
  void Init();

  // Once a block. Of `gates` the gate's fields and FREEZE are written.
  void Process(Performance* performance, LottavaInputs* gates);

  static constexpr uint32_t kBlocks = 8000;  // until it begins again

 private:
  size_t note_;
  uint32_t block_;  // of the note
  float level_, pitch_volts_, vibrato_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_PHRASE_H_
