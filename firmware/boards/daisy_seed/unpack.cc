// SPDX-License-Identifier: MIT
// Repetitions and literals behind a binary range coder; two contexts foretell a literal's bits, mixed in the logistic
// domain (Mahoney, Data Compression Explained, 4.3).
#include "unpack.h"

namespace lottava::seed {
namespace {

constexpr std::uint32_t kFlags = 0, kAgain = 8, kLow = 16, kLengths = 32, kDistances = 128;
constexpr std::uint32_t kHash = 0x9E3779B1, kLargest = 1u << 20, kEven = 2048u << 4;
constexpr std::int32_t kFirstWeight = 20000, kLargestWeight = 1 << 18, kRate = 14;

class Unpacker {
 public:
  Unpacker(const std::uint8_t* from, const std::uint8_t* from_end, UnpackModel* model)
      : from_(from), from_end_(from_end), model_(*model) {
    FillTables();
    for (unsigned i = 0; i < 4; ++i) code_ = code_ << 8 | Next();
  }

  bool Run(std::uint8_t* start, std::size_t size) {
    std::size_t at = 0, distance = 0;
    bool after = false;
    while (at < size) {
      std::size_t left = 1;
      const bool repeats = Bit(&model_.others[kFlags + phase_ + 4 * after]);
      if (repeats) {
        if (after || !Bit(&model_.others[kAgain])) distance = Distance();
        if (distance > at) return false;
        left = Number(&model_.others[kLengths]) + 1;
        if (left > size - at) return false;
      }
      const std::uint32_t before = at < 2 ? 0 : start[(at - 2) ^ 1];
      for (; left > 0; --left, ++at) {
        const std::uint8_t byte = repeats ? start[(at - distance) ^ 1] : Literal(before, after);
        start[at ^ 1] = byte;
        Follow(byte);
      }
      after = repeats;
    }
    return true;
  }

 private:
  void FillTables() {
    for (auto& context : model_.literals) {
      for (std::uint16_t& slot : context) slot = kEven;
    }
    for (std::uint16_t& slot : model_.others) slot = kEven;
    for (auto& weights : model_.weights) {
      for (std::int32_t& weight : weights) weight = kFirstWeight;
    }
    double power = 2980.9579870417283;  // e^8, then smaller by e^(-1/256)
    std::size_t filled = 0;
    for (std::size_t i = 0; i < kUnpackLogistic; ++i, power *= 0.9961013694701175) {
      const unsigned rounded = static_cast<unsigned>(4096.0 / (1.0 + power)), value = rounded < 1 ? 1 : rounded;
      model_.squash[i] = static_cast<std::uint16_t>(value);
      const std::size_t last = i == kUnpackLogistic - 1 ? i : value;
      while (filled <= last) model_.stretch[filled++] = static_cast<std::int16_t>(static_cast<int>(i) - 2048);
    }
  }

  std::uint32_t Next() { return from_ < from_end_ ? *from_++ : 0; }

  // chance: of a one, in 4096ths.
  __attribute__((always_inline)) bool Decode(std::uint32_t chance) {
    const std::uint32_t bound = (range_ >> 12) * chance;
    const bool bit = code_ < bound;
    code_ -= bit ? 0 : bound;
    range_ = bit ? bound : range_ - bound;
    while (__builtin_expect(range_ < 1u << 24, 0)) {
      range_ <<= 8;
      code_ = code_ << 8 | Next();
    }
    return bit;
  }

  // A slot is a chance, and in its lower four bits how often it was seen: the first times teach it most.
  __attribute__((always_inline)) static std::uint16_t Learnt(std::int32_t slot, bool bit) {
    const std::int32_t chance = slot >> 4, seen = slot & 15;
    const std::int32_t step = ((bit ? 4095 : 0) - chance) * (65536 / (seen + 2)) >> 16;
    return static_cast<std::uint16_t>((chance + step) * 16 + (seen < 15 ? seen + 1 : seen));
  }

  __attribute__((noinline)) bool Bit(std::uint16_t* slot) {
    const std::uint32_t chance = *slot >> 4;
    const bool bit = Decode(chance == 0 ? 1 : chance);
    *slot = Learnt(*slot, bit);
    return bit;
  }

  // From 1 on, highest bit first, a bit before each that says whether it follows.
  std::uint32_t Number(std::uint16_t* slots) {
    std::uint32_t value = 1;
    for (;;) {
      std::uint16_t* const pair = slots + 2 * (value < 16 ? value : 43 - static_cast<std::uint32_t>(__builtin_clz(value)));
      if (value >= kLargest || !Bit(pair)) return value;
      value = value * 2 + Bit(pair + 1);
    }
  }

  std::size_t Distance() {
    const std::size_t high = Number(&model_.others[kDistances]);
    std::size_t low = 1;
    while (low < 16) low = low * 2 + Bit(&model_.others[kLow + low]);
    return high * 16 + low - 31;
  }

  static std::uint32_t Mix(std::uint32_t context) {
    context *= kHash;
    return context ^ context >> 15;
  }

  __attribute__((noinline)) std::uint8_t Literal(std::uint32_t before, bool after) {
    const std::uint32_t one = Mix(instruction_ << 2 | phase_), two = Mix(before << 2 | phase_);
    std::int32_t* const weights = model_.weights[phase_ + 4 * after];
    std::int32_t v = weights[0], w = weights[1];
    std::uint32_t symbol = 1;
    while (symbol < 256) {
      std::uint16_t* const left = &model_.literals[0][(one + symbol) * kHash >> 16];
      std::uint16_t* const right = &model_.literals[1][(two + symbol) * kHash >> 16];
      const std::int32_t l = *left, r = *right, x = model_.stretch[l >> 4], y = model_.stretch[r >> 4];
      const std::int32_t chance = model_.squash[Bounded((v * x + w * y) >> 16, 2048) + 2048];
      const bool bit = Decode(static_cast<std::uint32_t>(chance));
      const std::int32_t error = ((bit ? 4096 : 0) - chance) * kRate;
      v += (x * error + 0x2000) >> 14;
      w += (y * error + 0x2000) >> 14;
      *left = Learnt(l, bit);
      *right = Learnt(r, bit);
      symbol = symbol * 2 + bit;
    }
    weights[0] = Bounded(v, kLargestWeight);  // so that no sum of the next byte leaves 32 bits
    weights[1] = Bounded(w, kLargestWeight);
    return static_cast<std::uint8_t>(symbol);
  }

  static std::int32_t Bounded(std::int32_t x, std::int32_t limit) { return x < -limit ? -limit : x >= limit ? limit - 1 : x; }

  // Upper bytes come first: they say which instruction it is, and whether a second half follows (Armv7-M A5.1).
  void Follow(std::uint8_t byte) {
    instruction_ = instruction_ << 8 | byte;
    if ((phase_ & 1) == 0) {
      phase_ |= 1;
    } else if (phase_ == 1 && instruction_ >= 0xE800) {
      phase_ = 2;
    } else {
      phase_ = instruction_ = 0;
    }
  }

  const std::uint8_t* from_;
  const std::uint8_t* from_end_;
  UnpackModel& model_;
  std::uint32_t range_ = 0xFFFFFFFF, code_ = 0;
  std::uint32_t phase_ = 0, instruction_ = 0;
};

}  // namespace

bool Unpack(const std::uint8_t* from, const std::uint8_t* from_end, std::uint8_t* to, std::uint8_t* end, UnpackModel* model) {
  return Unpacker(from, from_end, model).Run(to, static_cast<std::size_t>(end - to));
}

}  // namespace lottava::seed
