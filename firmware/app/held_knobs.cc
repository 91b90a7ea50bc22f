// SPDX-License-Identifier: MIT
#include "app/held_knobs.h"

namespace lottava {

namespace {

constexpr uint8_t kPots[] = {LOTTAVA_POT_PITCH, LOTTAVA_POT_CONTOUR, LOTTAVA_POT_MORPH};
enum { kOctave, kGlide, kSpan };

constexpr int32_t kTurn = 1311;  // 2 % of the travel: more than noise and a shaken table
constexpr int32_t kNear = 328;   // 0.5 %: at its old place
constexpr int32_t kEnds = 1966;  // 3 % at either end are all the way round
constexpr int32_t kStay = 600;   // of the 1000 between two octaves, so that none flickers
static_assert(kSettingHigh[offsetof(SettingsImage, glide) / 2 - offsetof(SettingsImage, root_octave) / 2] == 5000, "the glide");

int32_t Distance(int32_t a, int32_t b) { return a > b ? a - b : b - a; }

// Thousandths of the way round.
int32_t Travel(int32_t code) {
  const int32_t travel = (code - kEnds) * 1000 / (65535 - 2 * kEnds);
  return travel < 0 ? 0 : travel > 1000 ? 1000 : travel;
}

int32_t Follow(unsigned knob, int32_t travel, int32_t now) {
  if (knob == kSpan) return travel >= 500;
  if (knob == kGlide) return travel * travel / 200;  // milliseconds, finer where they are few
  const int32_t octave = 6 * travel - 3000;
  return Distance(octave, 1000 * now) < kStay ? now : (octave + 3500) / 1000 - 3;
}

}  // namespace

bool HeldKnobs::Process(bool held, LottavaInputs* inputs) {
  bool turned = false;
  for (unsigned i = 0; i < kKnobs; ++i) {
    Knob& knob = knobs_[i];
    uint16_t& code = inputs->pot_codes[kPots[i]];
    if (held) {
      if (knob.role == Role::kOwn) knob.kept = code;
      if (knob.role == Role::kOwn || knob.role == Role::kAway) {
        knob.role = Role::kHeld;
        knob.read = code;
      }
      if (knob.role == Role::kTurned || Distance(code, knob.read) > kTurn) {
        knob.role = Role::kTurned;
        knob.read = code;
        knob.is_new = turned = true;
      }
    } else if (knob.role != Role::kOwn) {
      if (knob.role != Role::kAway) knob.above = code > knob.kept;
      const bool passed = (code > knob.kept) != knob.above || Distance(code, knob.kept) < kNear;
      knob.role = passed ? Role::kOwn : Role::kAway;
    }
    if (knob.role != Role::kOwn) code = knob.kept;
  }
  return turned;
}

bool HeldKnobs::Take(SettingsImage* settings) {
  int16_t* const values[kKnobs] = {&settings->root_octave, &settings->glide, &settings->morph_span};
  bool changed = false;
  for (unsigned i = 0; i < kKnobs; ++i) {
    if (!knobs_[i].is_new) continue;
    knobs_[i].is_new = false;
    const int16_t value = static_cast<int16_t>(Follow(i, Travel(knobs_[i].read), *values[i]));
    changed |= value != *values[i];
    *values[i] = value;
  }
  return changed;
}

}  // namespace lottava
