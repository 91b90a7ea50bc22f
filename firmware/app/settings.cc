// SPDX-License-Identifier: MIT
// Checks in the order of lottava/settings.py, so that both name the same fault.
#include "app/settings.h"

#include <cstring>

#include "nn/blob.h"

namespace lottava {

namespace {

constexpr size_t kValuesAt = offsetof(SettingsImage, root_octave);
static_assert(offsetof(SettingsImage, reserved) == kValuesAt + sizeof kSettingLow, "a field without limits");

}  // namespace

void SettingsSeal(SettingsImage* settings) {
  settings->magic = kSettingsMagic;
  settings->version = static_cast<uint16_t>(kSettingsVersion);
  settings->length = static_cast<uint16_t>(kSettingsBytes);
  settings->crc32 = nn_crc32(settings, offsetof(SettingsImage, crc32));
}

void SettingsDefaults(SettingsImage* settings) {
  *settings = {};
  std::memcpy(reinterpret_cast<uint8_t*>(settings) + kValuesAt, kSettingDefault, sizeof kSettingDefault);
  SettingsSeal(settings);
}

RecordVerdict SettingsUnpack(const uint8_t* bytes, size_t size, SettingsImage* settings) {
  const RecordVerdict verdict = RecordCheckSeal(bytes, size, {kSettingsMagic, kSettingsVersion, kSettingsBytes});
  if (!verdict.good()) return verdict;
  int16_t values[kSettings];
  std::memcpy(values, bytes + kValuesAt, sizeof values);
  for (unsigned i = 0; i < kSettings; ++i) {
    if (values[i] < kSettingLow[i] || values[i] > kSettingHigh[i]) {
      return {RecordFault::kSetting, static_cast<uint8_t>(i)};
    }
  }
  std::memcpy(settings, bytes, sizeof *settings);
  return verdict;
}

float SettingsPitchVolts(const SettingsImage& settings) {
  constexpr float kTenthOfACent = 1.0f / 12000.0f;
  return static_cast<float>(settings.root_octave) + kTenthOfACent * static_cast<float>(settings.tuning);
}

}  // namespace lottava
