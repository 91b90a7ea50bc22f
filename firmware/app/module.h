// SPDX-License-Identifier: MIT
// The instrument: panel in, samples out, one block at a time. Owns no hardware and no memory of its own.
#ifndef LOTTAVA_APP_MODULE_H_
#define LOTTAVA_APP_MODULE_H_

#include <cstddef>
#include <cstdint>

#include "app/contour.h"
#include "app/cv_scaler.h"
#include "app/io.h"
#include "app/voice.h"

namespace lottava {

class Module {
 public:
  // Nominal calibration of the board, no voice loaded: Process gives silence.
  void Init();

  // Check a voice blob and copy its weights into `memories` (DTCM, AXI SRAM; kept by the caller while it plays).
  // On error the module is silent and the returned code says why; the blob itself is not needed afterwards.
  NnError LoadVoice(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES]);

  void SetCalibration(const LottavaCalibration& calibration);

  // Added to the pitch of V/OCT and knob.
  void SetPitchOffset(float volts) { pitch_offset_ = volts; }

  // One audio callback: LOTTAVA_BLOCK_SAMPLES samples.
  void Process(const LottavaInputs& inputs, LottavaOutputs* outputs);

  // The same without a panel: of `gates`, what is said of GATE and FREEZE.
  void Play(const Performance& performance, const LottavaInputs& gates, LottavaOutputs* outputs);

  const LottavaTrace& trace() const { return trace_; }
  const Voice& voice() const { return voice_; }
  const CvScaler& cv_scaler() const { return cv_scaler_; }

 private:
  void StartFrame(const LottavaInputs& inputs, const Performance& performance);
  void RenderAudio(LottavaOutputs* outputs);

  CvScaler cv_scaler_;
  Contour contour_;
  Voice voice_;
  LottavaTrace trace_;
  float level_;  // that sounds: LEVEL times CONTOUR
  float previous_gain_, target_gain_;  // ends of the output gain's ramp
  uint32_t hop_position_;
  float pitch_offset_;
  float dac_error_;  // of PITCH CV, in codes
};

}  // namespace lottava

#endif  // LOTTAVA_APP_MODULE_H_
