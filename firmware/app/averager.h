// SPDX-License-Identifier: MIT
// Mean and spread of ADC codes in integers: exact, so that a test can say which code must come out.
#ifndef LOTTAVA_APP_AVERAGER_H_
#define LOTTAVA_APP_AVERAGER_H_

#include <cstdint>

namespace lottava {

class Averager {
 public:
  void Init();

  // At most 4096 readings: every product in here stays below 2^61.
  void Add(uint16_t code);

  uint32_t count() const { return count_; }
  uint16_t lowest() const { return lowest_; }
  uint16_t highest() const { return highest_; }

  // In 1/256 code, rounded. 0 when empty.
  uint32_t mean() const;

  // Standard deviation of the readings in 1/256 code, rounded down.
  uint32_t deviation() const;

 private:
  uint32_t count_;
  uint64_t sum_;
  uint64_t squares_;
  uint16_t lowest_, highest_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_AVERAGER_H_
