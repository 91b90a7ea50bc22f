// SPDX-License-Identifier: MIT
// COBS after Cheshire and Baker (1999); decoding is in place: it never writes past what it has read.
#include "app/wire.h"

#include <cstring>

namespace lottava {

namespace {

constexpr size_t kOverhead = wire::kMaxFrame - wire::kMaxPayload;
constexpr uint8_t kFullRun = 0xFF;

// Returns the length, delimiter included.
size_t CobsEncode(const uint8_t* from, size_t size, uint8_t* to) {
  size_t code_at = 0, length = 1;
  uint8_t code = 1;
  for (size_t i = 0; i < size; ++i) {
    if (from[i] != 0) {
      to[length++] = from[i];
      ++code;
    }
    // A full run ends without a zero of its own; at the very end it needs no empty run behind it.
    if (from[i] == 0 || (code == kFullRun && i + 1 < size)) {
      to[code_at] = code;
      code_at = length++;
      code = 1;
    }
  }
  to[code_at] = code;
  to[length++] = 0;
  return length;
}

}  // namespace

uint16_t Crc16(const uint8_t* bytes, size_t size) {
  uint32_t crc = 0xFFFF;
  for (size_t i = 0; i < size; ++i) {
    crc ^= static_cast<uint32_t>(bytes[i]) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u);
  }
  return static_cast<uint16_t>(crc);
}

size_t EncodeFrame(uint8_t command, uint8_t sequence, const void* payload, size_t size, uint8_t* to) {
  if (size > wire::kMaxPayload) return 0;
  uint8_t body[wire::kMaxFrame];
  body[0] = command;
  body[1] = sequence;
  if (size != 0) std::memcpy(body + 2, payload, size);
  const uint16_t crc = Crc16(body, size + 2);
  std::memcpy(body + 2 + size, &crc, sizeof crc);
  return CobsEncode(body, size + kOverhead, to);
}

void FrameDecoder::Init() {
  size_ = 0;
  too_long_ = false;
  bad_frames_ = 0;
}

bool FrameDecoder::Receive(uint8_t byte, Frame* frame) {
  if (byte != 0) {
    if (size_ < sizeof bytes_ - 1) {
      bytes_[size_++] = byte;
    } else {
      too_long_ = true;
    }
    return false;
  }
  const bool empty = size_ == 0;
  const bool good = !empty && !too_long_ && Decode(frame);
  if (!empty && !good) ++bad_frames_;
  size_ = 0;
  too_long_ = false;
  return good;
}

bool FrameDecoder::Decode(Frame* frame) {
  size_t place = 0, length = 0;
  while (place < size_) {
    const uint8_t code = bytes_[place];
    if (place + code > size_) return false;
    std::memmove(bytes_ + length, bytes_ + place + 1, code - 1u);
    length += code - 1u;
    place += code;
    if (code != kFullRun && place < size_) bytes_[length++] = 0;
  }
  if (length < kOverhead || length > wire::kMaxFrame) return false;
  uint16_t crc;
  std::memcpy(&crc, bytes_ + length - sizeof crc, sizeof crc);
  if (crc != Crc16(bytes_, length - sizeof crc)) return false;
  *frame = {bytes_[0], bytes_[1], crc, bytes_ + 2, length - kOverhead};
  return true;
}

}  // namespace lottava
