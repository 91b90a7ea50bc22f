// SPDX-License-Identifier: MIT
// Serial frames, as lottava/wire.py defines them: COBS, zero delimiter, CRC-16. Bounded work a byte, no memory but its own.
#ifndef LOTTAVA_APP_WIRE_H_
#define LOTTAVA_APP_WIRE_H_

#include <cstddef>
#include <cstdint>

#include "generated/wire.h"

namespace lottava {

// Polynomial 0x1021, start 0xFFFF, not reflected.
uint16_t Crc16(const uint8_t* bytes, size_t size);

// One frame with its delimiter into `to` (wire::kMaxEncoded bytes). Returns its length; 0 when the payload is too long.
size_t EncodeFrame(uint8_t command, uint8_t sequence, const void* payload, size_t size, uint8_t* to);

// A checked frame; the payload is the decoder's until its next byte.
struct Frame {
  uint8_t command;
  uint8_t sequence;
  uint16_t crc;
  const uint8_t* payload;
  size_t size;
};

class FrameDecoder {
 public:
  void Init();

  // True when `byte` completed a good frame. What fails a check is counted and skipped up to the next zero.
  bool Receive(uint8_t byte, Frame* frame);

  uint32_t bad_frames() const { return bad_frames_; }

 private:
  bool Decode(Frame* frame);

  uint8_t bytes_[wire::kMaxEncoded];
  size_t size_;
  bool too_long_;
  uint32_t bad_frames_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_WIRE_H_
