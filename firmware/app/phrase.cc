// SPDX-License-Identifier: MIT
// A minor, a line that falls and comes home: long notes swell, brighten and begin to tremble after a third of a second.
#include "app/phrase.h"

#include "dsp/math.h"

namespace lottava {

namespace {

struct Note {
  int8_t semitones;  // above C4
  uint8_t length;    // tens of blocks; the last two of them are silent
  uint8_t level;     // of 100; 0 is a rest
};

constexpr Note kNotes[] = {
    {-3, 40, 55}, {0, 20, 60}, {2, 20, 65}, {4, 110, 85}, {7, 20, 75}, {4, 20, 70}, {2, 20, 60},  {0, 90, 70}, {0, 20, 0},
    {9, 30, 90},  {7, 30, 80}, {4, 60, 75}, {2, 20, 60},  {0, 20, 60}, {-5, 60, 50}, {-3, 150, 65}, {0, 70, 0},
};
constexpr uint32_t kUnit = 10, kSilent = 20;
constexpr float kSwell = 0.006f, kGlide = 0.12f;                // of what is left, each block
constexpr uint32_t kTrembleFrom = 330, kTrembleRise = 600;      // blocks
constexpr float kTremblePerBlock = 0.0053f;                     // 5.3 Hz
constexpr float kTrembleVolts = 18.0f / 1200.0f;
constexpr float kContour = 0.5f;                                // the gate as it is: levels come from here

constexpr uint32_t Length() {
  uint32_t blocks = 0;
  for (const Note& note : kNotes) blocks += kUnit * note.length;
  return blocks;
}
static_assert(Length() == Phrase::kBlocks, "the phrase's length");

// -1 .. 1 for a phase of 0 .. 1.
float Triangle(float phase) { return phase < 0.5f ? Fma(4.0f, phase, -1.0f) : Fma(-4.0f, phase, 3.0f); }

}  // namespace

void Phrase::Init() {
  note_ = 0;
  block_ = 0;
  level_ = 0.0f;
  pitch_volts_ = static_cast<float>(kNotes[0].semitones) / 12.0f;
  vibrato_ = 0.25f;
}

void Phrase::Process(Performance* performance, LottavaInputs* gates) {
  const Note& note = kNotes[note_];
  const uint32_t length = kUnit * note.length;
  const bool sounds = note.level != 0;
  if (sounds) {
    level_ = Fma(kSwell, 0.01f * static_cast<float>(note.level) - level_, level_);
    pitch_volts_ = Fma(kGlide, static_cast<float>(note.semitones) / 12.0f - pitch_volts_, pitch_volts_);
  }
  vibrato_ = block_ == 0 ? 0.25f : vibrato_ + kTremblePerBlock;
  if (vibrato_ >= 1.0f) vibrato_ -= 1.0f;
  const float late = (static_cast<float>(block_) - static_cast<float>(kTrembleFrom)) / static_cast<float>(kTrembleRise);
  const float depth = Clamp(late, 0.0f, 1.0f);

  performance->pitch_volts = Fma(kTrembleVolts * depth, Triangle(vibrato_), pitch_volts_);
  performance->level = level_;
  performance->axes[0] = Fma(1.5f, level_, -1.0f) + 0.3f * depth;
  performance->axes[1] = 0.2f - 0.4f * level_;
  performance->axes[2] = 0.0f;
  performance->axes[3] = 0.0f;
  performance->contour = kContour;
  gates->gate = sounds && block_ + kSilent < length;
  gates->gate_edge = sounds && block_ == 0;
  gates->gate_offset = 0;
  gates->gate_patched = 1;
  gates->freeze = 0;
  if (++block_ == length) {
    block_ = 0;
    note_ = (note_ + 1) % (sizeof kNotes / sizeof kNotes[0]);
  }
}

}  // namespace lottava
