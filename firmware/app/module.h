// SPDX-License-Identifier: MIT
// The instrument: panel in, samples out, one block at a time. Owns no hardware and no memory of its own.
//
// A frame begins a hop after the last one, or at the sample of a gate's edge, wherever in the block that is. V/OCT is
// looked at again 1 ms after an edge: where it has moved since, another frame begins there.
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
  // quality: a level of the blob's network, 0 the whole; beyond them the narrowest.
  NnError LoadVoice(const void* blob, size_t blob_length, const NnMemory memories[NN_MEMORIES], uint32_t quality);

  // Before another voice, or quality, is loaded while blocks are played: fade out over a hop, at most two until it
  // IsSilent; then unload between two blocks and load at leisure, while all goes on but the sound; then let it in again.
  void Mute(bool muted) { muted_ = muted; }
  bool IsSilent() const { return previous_gain_ == 0.0f && target_gain_ == 0.0f; }
  void UnloadVoice() { voice_.Init(); }

  void SetCalibration(const LottavaCalibration& calibration);

  // See CvScaler.
  void SetSupply(float scale) { cv_scaler_.SetSupply(scale); }

  // True where the next block begins with a reading of the panel; in the others only GATE is new.
  bool PanelIsDue() const { return LOTTAVA_BLOCK_SAMPLES == LOTTAVA_PANEL_SAMPLES || panel_samples_ == 0; }

  // Added to the pitch of V/OCT and knob.
  void SetPitchOffset(float volts) { pitch_offset_ = volts; }

  // How long the pitch takes for 98 % of its way to a new one; 0: it is there at once.
  void SetGlide(float milliseconds);

  // One audio callback: LOTTAVA_BLOCK_SAMPLES samples.
  void Process(const LottavaInputs& inputs, LottavaOutputs* outputs);

  // The same without a panel: of `gates`, what is said of GATE and FREEZE.
  void Play(const Performance& performance, const LottavaInputs& gates, LottavaOutputs* outputs);

  const LottavaTrace& trace() const { return trace_; }
  const Voice& voice() const { return voice_; }
  const CvScaler& cv_scaler() const { return cv_scaler_; }

 private:
  void MovePitch(float target);
  void StartFrame(const LottavaInputs& inputs, const Performance& performance, bool struck, bool gate);
  void RenderAudio(int32_t (*audio)[2], uint32_t size);

  CvScaler cv_scaler_;
  Contour contour_;
  Voice voice_;
  LottavaTrace trace_;
  float level_;  // that sounds: LEVEL times CONTOUR
  float previous_gain_, target_gain_;  // ends of the output gain's ramp
  uint32_t hop_position_, hop_end_;  // where the next frame begins
  bool muted_;
  bool struck_;  // by the edge that began this frame
  bool gate_;    // at the end of the last block
  float pitch_offset_;
  float pitch_volts_;   // after the glide
  float glide_share_;   // of what is left, each millisecond
  uint32_t panel_samples_;  // since the panel was read
  Performance performance_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_MODULE_H_
