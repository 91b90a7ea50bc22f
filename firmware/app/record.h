// SPDX-License-Identifier: MIT
// The calibration record, as lottava/record.py defines it: 192 bytes, checked whole, nominal where nothing is stored.
#ifndef LOTTAVA_APP_RECORD_H_
#define LOTTAVA_APP_RECORD_H_

#include <cstddef>
#include <cstdint>

#include "app/io.h"
#include "generated/record.h"

namespace lottava {

// Which check failed, and for which input, output, knot or setting.
struct RecordVerdict {
  RecordFault fault;
  uint8_t index;
  bool good() const { return fault == RecordFault::kNone; }
};

// What a kept record's first bytes must say.
struct RecordKind {
  uint32_t magic, version, length;
};

// Magic, length, checksum, version: what every kind has in common. The bytes then hold a whole record.
RecordVerdict RecordCheckSeal(const uint8_t* bytes, size_t size, const RecordKind& kind);

// The nominal board, sequence 0, sealed.
void RecordDefaults(RecordImage* record);

// Magic, version, length, and the checksum last.
void RecordSeal(RecordImage* record);

// `record` is written only when every check passed.
RecordVerdict RecordUnpack(const uint8_t* bytes, size_t size, RecordImage* record);

// Erased flash: all bytes 0xFF.
bool RecordIsBlank(const uint8_t* bytes, size_t size);

// Whether sequence number `a` comes after `b`, across the wrap at 2^32.
bool RecordIsNewer(uint32_t a, uint32_t b);

// What the instrument computes with.
LottavaCalibration RecordCalibration(const RecordImage& record);

}  // namespace lottava

#endif  // LOTTAVA_APP_RECORD_H_
