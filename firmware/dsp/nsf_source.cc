// SPDX-License-Identifier: MIT
// Four samples at once, because every step of one waits for the step before. By the timing model 169 cycles a sample of
// 24 kHz, ramps included, and 350 a frame.
#include "dsp/nsf_source.h"

#include <cstring>

#include "dsp/four.h"
#include "dsp/math.h"
#include "dsp/words.h"

namespace lottava {

namespace {

constexpr float kRampStep = 1.0f / NSF_HOP_SAMPLES;
constexpr float kHalfTurn = 0x1p-32f;   // of a phase, as an argument of the polynomials
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the lowest bits
constexpr uint32_t kRounderBits = 0x4B400000;
constexpr uint32_t kTanhEndBits = 0x41FFFFFF;  // the largest number below the end of the pieces
static_assert(NSF_TANH_PIECES == 32, "the constant above");

// xorshift32 with shifts 13, 17, 5 (Marsaglia 2003).
LOTTAVA_INLINE uint32_t Next(uint32_t word) {
  word ^= word << 13;
  word ^= word >> 17;
  word ^= word << 5;
  return word;
}

// A word's four bytes added up, less their mean.
LOTTAVA_INLINE float Bell(uint32_t word) { return static_cast<float>(ByteSum(word) - NSF_BYTES_MEAN); }

// Nearest code, saturated; |x| < 2^22.
LOTTAVA_INLINE int16_t Code(float x) {
  const float sum = x + kRounder;
  uint32_t bits;
  memcpy(&bits, &sum, sizeof(bits));
  return SaturateS16(static_cast<int32_t>(bits - kRounderBits));
}

// 32768 tanh(x), for any number.
LOTTAVA_INLINE float TanhCode(float x) {
  const float size = __builtin_fabsf(x) * NSF_TANH_PIECES_PER_UNIT;
  uint32_t bits;
  memcpy(&bits, &size, sizeof(bits));
  bits = bits < kTanhEndBits ? bits : kTanhEndBits;
  float pieces;
  memcpy(&pieces, &bits, sizeof(pieces));
  const int32_t piece = static_cast<int32_t>(pieces);
  const float y = Polynomial(nsf_tanh_cubics[piece], pieces - static_cast<float>(piece));
  return x < 0.0f ? -y : y;
}

LOTTAVA_INLINE float Turns(uint32_t phase) { return static_cast<float>(static_cast<int32_t>(phase)) * kHalfTurn; }

// 1 below 0.46 of the rate, 0 from 0.5 on.
float FadeGain(float increment) {
  return Clamp((NSF_FADE_END - increment) * (1.0f / (NSF_FADE_END - NSF_FADE_START)), 0.0f, 1.0f);
}

}  // namespace

void NsfSource::Level::SetTarget(float target, float share) {
  start = Fma(share, change, start);
  change = target - start;
}

__attribute__((cold)) void NsfSource::Init(const NsfMerge& merge) {
  merge_ = merge;
  phase_.Init();
  memset(sines_, 0, sizeof(sines_));
  noise_ = Level();
  word_ = NSF_NOISE_SEED;
  position_ = NSF_HOP_SAMPLES;
  has_frame_ = false;
}

void NsfSource::StartFrame(uint32_t increment, float voicing) {
  const bool finished = position_ >= NSF_HOP_SAMPLES;
  const float share = static_cast<float>(position_) * kRampStep;
  const float voiced = Clamp(voicing, 0.0f, 1.0f);
  if (has_frame_) {
    phase_.SetTarget(increment, finished);
  } else {
    phase_.Jump(increment);
  }
  for (size_t k = 0; k < NSF_SINES; ++k) {
    const float gain = FadeGain(static_cast<float>(increment) * static_cast<float>(k + 1));
    sines_[k].SetTarget(merge_.weights[k] * (NSF_SINE_AMPLITUDE * voiced * gain), finished ? 1.0f : share);
  }
  noise_.SetTarget(Fma(voiced, NSF_VOICED_NOISE - NSF_UNVOICED_NOISE, NSF_UNVOICED_NOISE), finished ? 1.0f : share);
  position_ = 0;
  has_frame_ = true;
}

// Clenshaw's sum of w_k sin(k phi): sin(phi) b_1 with b_k = w_k + 2 cos(phi) b_(k+1) - b_(k+2).
LOTTAVA_INLINE void NsfSource::RenderGroup(const Draws* draws, size_t position, int16_t* source) const {
  const float first = static_cast<float>(position);
  const Four ramp = Multiply({first, first + 1.0f, first + 2.0f, first + 3.0f}, All(kRampStep));
  const Four x = {Turns(draws[0].phase), Turns(draws[1].phase), Turns(draws[2].phase), Turns(draws[3].phase)};
  const Four square = Multiply(x, x);
  const Four s = Multiply(x, Polynomial(nsf_half_sine_polynomial, square));
  const Four twice_cosine = Fma(Multiply(All(-4.0f), s), s, All(2.0f));
  const Four half_sine = Multiply(s, Polynomial(nsf_half_cosine_polynomial, square));

  Four odd = All(0.0f), even = All(0.0f);
  for (const Level* level = sines_ + NSF_SINES; level != sines_; level -= 2) {
    even = Fma(twice_cosine, odd, Fma(ramp, All(level[-1].change), Subtract(All(level[-1].start), even)));
    odd = Fma(twice_cosine, even, Fma(ramp, All(level[-2].change), Subtract(All(level[-2].start), odd)));
  }
  const Four merged = Fma(Multiply(All(2.0f), half_sine), odd, All(merge_.bias));
  const Four noise = Fma(ramp, All(noise_.change), All(noise_.start));
  source[0] = Code(Fma(noise.a, draws[0].noise, TanhCode(merged.a)));
  source[1] = Code(Fma(noise.b, draws[1].noise, TanhCode(merged.b)));
  source[2] = Code(Fma(noise.c, draws[2].noise, TanhCode(merged.c)));
  source[3] = Code(Fma(noise.d, draws[3].noise, TanhCode(merged.d)));
}

void NsfSource::RenderBlock(int16_t* source, int16_t* noise, size_t size) {
  Draws draws[kBlock];
  for (size_t i = 0; i < size; ++i) {
    const uint32_t word = Next(word_);
    word_ = Next(word);
    draws[i] = {phase_.Next(), Bell(word)};
    noise[i] = Code(NSF_UNVOICED_NOISE * Bell(word_));
  }
  for (size_t i = size; i % kGroup != 0; ++i) {
    draws[i] = Draws();
  }
  for (size_t i = 0; i < size; i += kGroup) {
    const size_t left = size - i;
    int16_t rest[kGroup];
    RenderGroup(draws + i, position_ + i, left < kGroup ? rest : source + i);
    if (left < kGroup) {
      memcpy(source + i, rest, left * sizeof(*source));
    }
  }
  position_ += size;
}

void NsfSource::Render(int16_t* source, int16_t* noise, size_t size) {
  while (size > 0) {
    const size_t count = size < kBlock ? size : kBlock;
    RenderBlock(source, noise, count);
    source += count;
    noise += count;
    size -= count;
  }
}

}  // namespace lottava
