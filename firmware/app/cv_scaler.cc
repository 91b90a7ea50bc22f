// SPDX-License-Identifier: MIT
// Blocks come every millisecond; the ADC brings 0.3 mV rms of noise, which at V/OCT is 1 mV or 1.2 cents.
#include "app/cv_scaler.h"

#include "app/record.h"
#include "dsp/math.h"
#include "generated/board.h"

namespace lottava {

namespace {

// Twelve times the noise at V/OCT: a played interval passes at once, noise never restarts the mean.
constexpr float kVOctStepVolts = 0.012f;
constexpr float kCvCoefficient = 0.25f;   // 4 ms
constexpr float kPotCoefficient = 0.05f;  // 20 ms
constexpr float kFullTravelVolts = 5.0f;  // at full attenuverter
constexpr float kDetent = 0.02f;          // of a knob's half travel that still is noon
constexpr float kFineShare = 0.35f;       // slope of PITCH at noon against a straight line
constexpr float kPerCode = 1.0f / kAdcFullScale;
constexpr int32_t kKnots = LOTTAVA_KNOTS;

static_assert(kCvInputs == LOTTAVA_CVS && kCvOutputs == LOTTAVA_DACS && kPots == LOTTAVA_POTS, "board and panel agree");
static_assert(kPitchInput == LOTTAVA_CV_V_OCT && kRecordKnots == LOTTAVA_KNOTS, "record and panel agree");

// -1 .. 1 with a flat noon, continuous, the ends kept.
float Bipolar(float pot) {
  const float x = 2.0f * pot - 1.0f;
  const float magnitude = x < 0.0f ? -x : x;
  const float beyond = Clamp((magnitude - kDetent) * (1.0f / (1.0f - kDetent)), 0.0f, 1.0f);
  return x < 0.0f ? -beyond : beyond;
}

// PITCH: an octave each way, finer in the middle.
float PitchCurve(float pot) {
  const float x = Bipolar(pot);
  return x * Fma(1.0f - kFineShare, x * x, kFineShare);
}

// LEVEL: the knob sets the floor and the CV opens the rest; below 0 V the CV closes it again.
float Level(float pot, float volts) {
  const float opened = Clamp(volts * (1.0f / kFullTravelVolts), -1.0f, 1.0f);
  return Clamp(pot + opened * (opened > 0.0f ? 1.0f - pot : pot), 0.0f, 1.0f);
}

}  // namespace

void CvScaler::Init() {
  RecordImage nominal;
  RecordDefaults(&nominal);
  SetCalibration(RecordCalibration(nominal));
}

void CvScaler::SetCalibration(const LottavaCalibration& calibration) {
  calibration_ = calibration;
  supply_ = 1.0f;
  v_oct_.Init();
  for (size_t i = 0; i < LOTTAVA_CVS; ++i) {
    cvs_[i].Init();
    cv_volts_[i] = 0.0f;
  }
  for (size_t i = 0; i < LOTTAVA_POTS; ++i) {
    pots_[i].Init();
    pot_values_[i] = 0.0f;
  }
}

// Adds the calibration's knots, linear between whole volts and flat beyond the ends.
float CvScaler::VOctVolts(float volts) const {
  const float position = Clamp(volts - kRecordKnotVolts[0], 0.0f, static_cast<float>(kKnots - 1));
  int32_t index = static_cast<int32_t>(position);
  index = index < kKnots - 1 ? index : kKnots - 2;
  const float low = calibration_.v_oct_knots[index];
  const float high = calibration_.v_oct_knots[index + 1];
  return volts + Fma(position - static_cast<float>(index), high - low, low);
}

void CvScaler::Process(const LottavaInputs& inputs, Performance* performance) {
  for (size_t i = 0; i < LOTTAVA_CVS; ++i) {
    const float fraction = static_cast<float>(inputs.cv_codes[i]) * kPerCode;
    const float volts = supply_ * Fma(calibration_.input_gain[i], fraction, calibration_.input_offset[i]);
    const bool is_pitch = i == LOTTAVA_CV_V_OCT;
    cv_volts_[i] = is_pitch ? v_oct_.Process(VOctVolts(volts), kVOctStepVolts) : cvs_[i].Process(volts, kCvCoefficient);
  }
  for (size_t i = 0; i < LOTTAVA_POTS; ++i) {
    pot_values_[i] = pots_[i].Process(static_cast<float>(inputs.pot_codes[i]) * kPerCode, kPotCoefficient);
  }
  performance->pitch_volts = cv_volts_[LOTTAVA_CV_V_OCT] + PitchCurve(pot_values_[LOTTAVA_POT_PITCH]);
  performance->level = Level(pot_values_[LOTTAVA_POT_LEVEL], cv_volts_[LOTTAVA_CV_LEVEL]);
  performance->contour = pot_values_[LOTTAVA_POT_CONTOUR];
  for (size_t i = 0; i < LOTTAVA_AXES; ++i) {
    const float amount = Bipolar(pot_values_[LOTTAVA_POT_BRIGHT_ATT + i]) * (2.0f / kFullTravelVolts);
    const float knob = Bipolar(pot_values_[LOTTAVA_POT_BRIGHT + i]);
    performance->axes[i] = Clamp(Fma(amount, cv_volts_[LOTTAVA_CV_Z1 + i], knob), -1.0f, 1.0f);
  }
}

uint16_t CvScaler::DacCode(LottavaDac output, float volts) const {
  const float fraction = (volts / supply_ - calibration_.output_offset[output]) / calibration_.output_gain[output];
  return static_cast<uint16_t>(Round(16.0f * kDacFullScale * Clamp(fraction, 0.0f, 1.0f)));
}

}  // namespace lottava
