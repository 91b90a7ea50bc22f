// SPDX-License-Identifier: MIT
// Checks in the order of lottava/record.py, so that both name the same fault.
#include "app/record.h"

#include <cstring>

#include "generated/board.h"
#include "nn/blob.h"

namespace lottava {

namespace {

static_assert(kCvInputs == LOTTAVA_CVS && kCvOutputs == LOTTAVA_DACS, "board and instrument agree");

struct Nominal {
  const float* gain;
  const float* offset;
  const float* zero_fraction;
  unsigned count;
};
constexpr Nominal kInputs = {kInputNominalGain, kInputNominalOffset, kInputZeroFraction, kCvInputs};
constexpr Nominal kOutputs = {kOutputNominalGain, kOutputNominalOffset, kOutputZeroFraction, kCvOutputs};

bool Beyond(float value, float limit) { return !(value <= limit && value >= -limit); }

bool AllFinite(const float* values, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    if (!__builtin_isfinite(values[i])) return false;
  }
  return true;
}

// Volts, from the nominal stage, at the code where that reads 0 V.
float OffsetError(const Nominal& nominal, unsigned i, float gain, float offset) {
  return gain * nominal.zero_fraction[i] + offset;
}

RecordVerdict CheckChannels(const Nominal& nominal, const float* gain, const float* offset, RecordFault gain_fault,
                            RecordFault offset_fault) {
  for (unsigned i = 0; i < nominal.count; ++i) {
    const uint8_t index = static_cast<uint8_t>(i);
    if (Beyond(gain[i] / nominal.gain[i] - 1.0f, kRecordGainLimit)) return {gain_fault, index};
    if (Beyond(OffsetError(nominal, i, gain[i], offset[i]), kRecordOffsetLimitVolts)) return {offset_fault, index};
  }
  return {RecordFault::kNone, 0};
}

RecordVerdict CheckRanges(const RecordImage& record) {
  if (!AllFinite(record.input_gain, kCvInputs) || !AllFinite(record.input_offset, kCvInputs) ||
      !AllFinite(record.output_gain, kCvOutputs) || !AllFinite(record.output_offset, kCvOutputs)) {
    return {RecordFault::kNotFinite, 0};
  }
  RecordVerdict verdict = CheckChannels(kInputs, record.input_gain, record.input_offset, RecordFault::kInputGain,
                                        RecordFault::kInputOffset);
  if (verdict.good()) {
    verdict = CheckChannels(kOutputs, record.output_gain, record.output_offset, RecordFault::kOutputGain,
                            RecordFault::kOutputOffset);
  }
  for (unsigned i = 0; verdict.good() && i < kRecordKnots; ++i) {
    const int knot = record.v_oct_knots[i];
    const int limit = static_cast<int>(kRecordKnotLimit);
    if (knot > limit || knot < -limit) return {RecordFault::kKnot, static_cast<uint8_t>(i)};
  }
  return verdict;
}

static_assert(offsetof(RecordImage, serial) == kRecordHeaderBytes, "header");

uint32_t Checksum(const RecordImage& record) { return nn_crc32(&record, offsetof(RecordImage, crc32)); }

}  // namespace

void RecordSeal(RecordImage* record) {
  record->magic = kRecordMagic;
  record->version = static_cast<uint16_t>(kRecordVersion);
  record->length = static_cast<uint16_t>(kRecordBytes);
  record->crc32 = Checksum(*record);
}

void RecordDefaults(RecordImage* record) {
  *record = {};
  std::memcpy(record->input_gain, kInputNominalGain, sizeof record->input_gain);
  std::memcpy(record->input_offset, kInputNominalOffset, sizeof record->input_offset);
  std::memcpy(record->output_gain, kOutputNominalGain, sizeof record->output_gain);
  std::memcpy(record->output_offset, kOutputNominalOffset, sizeof record->output_offset);
  RecordSeal(record);
}

// There is no version before 1, so no upgrade step yet: one goes between the checksum and the version check.
RecordVerdict RecordCheckSeal(const uint8_t* bytes, size_t size, const RecordKind& kind) {
  RecordImage header;
  if (size < kRecordHeaderBytes) return {RecordFault::kShort, 0};
  std::memcpy(&header, bytes, kRecordHeaderBytes);
  if (header.magic != kind.magic) return {RecordFault::kMagic, 0};
  if (header.length < kRecordHeaderBytes || header.length > size) return {RecordFault::kLength, 0};
  uint32_t crc;
  std::memcpy(&crc, bytes + header.length - sizeof crc, sizeof crc);
  if (crc != nn_crc32(bytes, header.length - sizeof crc)) return {RecordFault::kChecksum, 0};
  if (header.version != kind.version) return {RecordFault::kVersion, 0};
  return {header.length == kind.length ? RecordFault::kNone : RecordFault::kLength, 0};
}

RecordVerdict RecordUnpack(const uint8_t* bytes, size_t size, RecordImage* record) {
  RecordVerdict verdict = RecordCheckSeal(bytes, size, {kRecordMagic, kRecordVersion, kRecordBytes});
  if (!verdict.good()) return verdict;
  RecordImage image;
  std::memcpy(&image, bytes, sizeof image);
  verdict = CheckRanges(image);
  if (verdict.good()) *record = image;
  return verdict;
}

bool RecordIsBlank(const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != 0xFF) return false;
  }
  return true;
}

bool RecordIsNewer(uint32_t a, uint32_t b) { return a - b - 1u < 0x7FFFFFFFu; }

LottavaCalibration RecordCalibration(const RecordImage& record) {
  LottavaCalibration calibration = {};
  std::memcpy(calibration.input_gain, record.input_gain, sizeof record.input_gain);
  std::memcpy(calibration.input_offset, record.input_offset, sizeof record.input_offset);
  std::memcpy(calibration.output_gain, record.output_gain, sizeof record.output_gain);
  std::memcpy(calibration.output_offset, record.output_offset, sizeof record.output_offset);
  for (unsigned i = 0; i < kRecordKnots; ++i) {
    calibration.v_oct_knots[i] = kRecordKnotUnitVolts * static_cast<float>(record.v_oct_knots[i]);
  }
  return calibration;
}

}  // namespace lottava
