// SPDX-License-Identifier: MIT
// From converter codes to what the player means: pitch, level, axes, contour; and from volts back to DAC codes.
#ifndef LOTTAVA_APP_CV_SCALER_H_
#define LOTTAVA_APP_CV_SCALER_H_

#include <cstddef>
#include <cstdint>

#include "app/io.h"
#include "dsp/smoothing.h"

namespace lottava {

// What knobs and voltages together ask for.
struct Performance {
  float pitch_volts;          // 0 V = C4
  float level;                // 0 .. 1
  float axes[LOTTAVA_AXES];   // BRIGHT, BREATH, BODY, WILD in [-1, 1]
  float contour;              // 0 pluck, 0.5 organ gate, 1 slow pad
};

class CvScaler {
 public:
  // As the nominal board measures.
  void Init();

  // Smoothers start anew: whatever they held was in other volts.
  void SetCalibration(const LottavaCalibration& calibration);

  // 3V3_A now over 3V3_A when it was calibrated: all volts, in and out, go with it.
  void SetSupply(float scale) { supply_ = scale; }

  // Once a block: smooth the inputs and combine them.
  void Process(const LottavaInputs& inputs, Performance* performance);

  // Code for a voltage at PITCH CV or ENV CV, clamped, in 1/16 of the converter's 12 bits: 0.15 mV.
  uint16_t DacCode(LottavaDac output, float volts) const;

  // Smoothed volts at a jack, from the latest block.
  float cv_volts(LottavaCv cv) const { return cv_volts_[cv]; }

 private:
  float VOctVolts(float volts) const;

  LottavaCalibration calibration_;
  float supply_;
  SteadyMean v_oct_;
  OnePole cvs_[LOTTAVA_CVS];
  OnePole pots_[LOTTAVA_POTS];
  float cv_volts_[LOTTAVA_CVS];
  float pot_values_[LOTTAVA_POTS];
};

}  // namespace lottava

#endif  // LOTTAVA_APP_CV_SCALER_H_
