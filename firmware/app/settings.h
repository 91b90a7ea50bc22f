// SPDX-License-Identifier: MIT
// The settings record, as lottava/settings.py defines it: 64 bytes, checked whole, as delivered where nothing is stored.
#ifndef LOTTAVA_APP_SETTINGS_H_
#define LOTTAVA_APP_SETTINGS_H_

#include "app/record.h"
#include "generated/settings.h"

namespace lottava {

// As delivered, sequence 0, sealed.
void SettingsDefaults(SettingsImage* settings);

// Magic, version, length, and the checksum last.
void SettingsSeal(SettingsImage* settings);

// `settings` is written only when every check passed.
RecordVerdict SettingsUnpack(const uint8_t* bytes, size_t size, SettingsImage* settings);

// Root octave and tuning.
float SettingsPitchVolts(const SettingsImage& settings);

}  // namespace lottava

#endif  // LOTTAVA_APP_SETTINGS_H_
