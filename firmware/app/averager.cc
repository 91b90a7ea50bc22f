// SPDX-License-Identifier: MIT
#include "app/averager.h"

namespace lottava {

namespace {

// Largest integer whose square is at most `value`: one bit a turn, 32 turns.
uint32_t SquareRoot(uint64_t value) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const uint64_t candidate = root | bit;
    if (candidate * candidate <= value) root = candidate;
  }
  return static_cast<uint32_t>(root);
}

// value / by, by < 2^16, in digits of 16 bits: the compiler's division of 64 bits would take 0.7 KB of code.
uint64_t Quotient(uint64_t value, uint32_t by) {
  uint64_t quotient = 0;
  uint32_t left = 0;
  for (int shift = 48; shift >= 0; shift -= 16) {
    left = left << 16 | (static_cast<uint32_t>(value >> shift) & 0xFFFF);
    quotient = quotient << 16 | left / by;
    left %= by;
  }
  return quotient;
}

}  // namespace

void Averager::Init() {
  count_ = 0;
  sum_ = 0;
  squares_ = 0;
  lowest_ = 0xFFFF;
  highest_ = 0;
}

void Averager::Add(uint16_t code) {
  ++count_;
  sum_ += code;
  squares_ += static_cast<uint64_t>(code) * code;
  if (code < lowest_) lowest_ = code;
  if (code > highest_) highest_ = code;
}

uint32_t Averager::mean() const {
  return count_ == 0 ? 0 : static_cast<uint32_t>(Quotient(sum_ * 256 + count_ / 2, count_));
}

// n^2 variance = n sum(x^2) - sum(x)^2: at most 2^12 * 2^44 = 2^56, so the factor 256^2 goes on after one division.
uint32_t Averager::deviation() const {
  if (count_ == 0) return 0;
  const uint64_t scaled = count_ * squares_ - sum_ * sum_;
  const uint64_t variance = Quotient(Quotient(scaled, count_) * 65536, count_);
  return SquareRoot(variance);
}

}  // namespace lottava
