// SPDX-License-Identifier: MIT
// What crosses between the chip and the instrument, once a block: plain structs, no register in sight.
#ifndef LOTTAVA_APP_IO_H_
#define LOTTAVA_APP_IO_H_

#include <stdint.h>

// Of one audio callback; make's BLOCK. The panel is read every 48 samples whatever the block, GATE in each one.
#ifndef LOTTAVA_BLOCK_SAMPLES
#define LOTTAVA_BLOCK_SAMPLES 48
#endif
#define LOTTAVA_PANEL_SAMPLES 48
#if LOTTAVA_BLOCK_SAMPLES < 1 || LOTTAVA_PANEL_SAMPLES % LOTTAVA_BLOCK_SAMPLES
#error "a block has to divide 48 samples"
#endif
#define LOTTAVA_HOP_SAMPLES 192
#define LOTTAVA_CVS 7
#define LOTTAVA_POTS 12
#define LOTTAVA_DACS 2
#define LOTTAVA_AXES 4
#define LOTTAVA_CONTROLS 82
#define LOTTAVA_KNOTS 11

enum LottavaCv {
  LOTTAVA_CV_V_OCT,
  LOTTAVA_CV_LEVEL,
  LOTTAVA_CV_Z1,
  LOTTAVA_CV_Z2,
  LOTTAVA_CV_Z3,
  LOTTAVA_CV_Z4,
  LOTTAVA_CV_MORPH,
};

enum LottavaPot {
  LOTTAVA_POT_BRIGHT,
  LOTTAVA_POT_BREATH,
  LOTTAVA_POT_BODY,
  LOTTAVA_POT_WILD,
  LOTTAVA_POT_BRIGHT_ATT,
  LOTTAVA_POT_BREATH_ATT,
  LOTTAVA_POT_BODY_ATT,
  LOTTAVA_POT_WILD_ATT,
  LOTTAVA_POT_PITCH,
  LOTTAVA_POT_LEVEL,
  LOTTAVA_POT_CONTOUR,
  LOTTAVA_POT_MORPH,
};

enum LottavaDac { LOTTAVA_DAC_PITCH, LOTTAVA_DAC_ENV };

// One block of the panel. Codes are what the converters read, 0..65535; a pot is 0 fully counter-clockwise.
// gate_edge: a rising edge since the last block, set even where the gate has fallen again (0.2 ms pulses count).
// gate_offset: sample of the block at which it came, 0 .. LOTTAVA_BLOCK_SAMPLES - 1; the note begins there.
// gate_patched: 0 makes the voice drone.
struct LottavaInputs {
  uint16_t cv_codes[LOTTAVA_CVS];
  uint16_t pot_codes[LOTTAVA_POTS];
  uint8_t gate;
  uint8_t gate_edge;
  uint8_t gate_patched;
  uint8_t freeze;
  uint8_t gate_offset;
};

// One block back. audio: [sample][0 = OUT, 1 = AUX], signed 24-bit values in an int32 (full scale ±8388607).
// dac_codes: PITCH CV and ENV CV, in 1/16 of a 12-bit code: 0 .. 65520.
struct LottavaOutputs {
  int32_t audio[LOTTAVA_BLOCK_SAMPLES][2];
  uint16_t dac_codes[LOTTAVA_DACS];
  uint8_t gate_out;
};

// The latest frame as the network and the synthesiser saw it; counts and lengths let a test replay it in the oracle.
struct LottavaTrace {
  uint32_t frame_count;        // frames since Init, this one included
  uint32_t increment;          // phase step that the frame ramps to, per sample of 48 kHz; 24 kHz for a source-filter
  uint32_t previous_length;    // samples for which the frame before this one lasted: 192, less where a gate edge cut it short
  float output_gain;           // gain behind the synthesiser that the frame ramps to (LEVEL and CONTOUR below the range)
  float pitch_volts;           // after CV, knob and smoothing; 0 V = C4
  float axes[LOTTAVA_AXES];    // BRIGHT, BREATH, BODY, WILD in [-1, 1]
  float loudness_db;           // the network's loudness input, in the voice's A-weighted decibels
  int16_t inputs[2 + LOTTAVA_AXES];     // pitch (2^-12), loudness, axes (2^-14)
  int16_t controls[LOTTAVA_CONTROLS];   // network output, 2^-11; a source-filter's ten conditions, 2^-14, and zeros
};

// Volts from codes and codes from volts, as a calibration record states them.
// Input: volts = gain * (code / 65535) + offset. Output: volts = gain * (code / 4095) + offset.
// v_oct_knots: what to add at -3, -2 .. +7 V after gain and offset, linear in between.
struct LottavaCalibration {
  float input_gain[LOTTAVA_CVS];
  float input_offset[LOTTAVA_CVS];
  float output_gain[LOTTAVA_DACS];
  float output_offset[LOTTAVA_DACS];
  float v_oct_knots[LOTTAVA_KNOTS];
};

#endif  // LOTTAVA_APP_IO_H_
