// SPDX-License-Identifier: MIT
// What a module keeps without power, calibration and settings: one owner, however many consoles and panels ask.
//
//   sector 0 | 1 calibration, 2 | 3 settings: the newer good one of each pair is in use
//   write:  the other slot <- erase, program --> read back, equal --> in use
// A cut at any moment leaves the old or the new. One write at a time; nothing here waits.
#ifndef LOTTAVA_APP_STORE_H_
#define LOTTAVA_APP_STORE_H_

#include <cstdint>

#include "app/io.h"
#include "app/record.h"
#include "app/settings.h"
#include "app/storage.h"

namespace lottava {

enum class StoreResult : uint8_t { kBusy, kDone, kFailed };

class Store {
 public:
  // Reads all slots.
  void Init(const RecordStorage& storage);

  // Once a turn of the main loop, with the count of audio blocks.
  void Process(uint32_t blocks);

  const RecordImage& record() const { return record_; }
  const SettingsImage& settings() const { return settings_; }
  uint8_t record_slot() const { return record_slot_; }  // wire::kNoSlot = built-in defaults
  uint8_t settings_slot() const { return settings_slot_; }

  // kRecordBytes of the calibration slot that is not in use; false while the flash can't be read.
  bool ReadOtherRecord(uint8_t* to) const;

  // Write and, once read back, use. Sequence number and checksum are set here. Returns a ticket for Result; 0 while
  // another write is going on.
  uint32_t Write(const RecordImage& record);
  uint32_t Write(const SettingsImage& settings);

  // Of the current write or the one before; older ones count as failed.
  StoreResult Result(uint32_t ticket) const;

  // From the panel: in use at once, stored when nothing has changed for a second. The caller keeps the limits.
  void Change(const SettingsImage& settings);

  // True once after Init and once after each change.
  bool TakeCalibration(LottavaCalibration* calibration);
  bool TakeSettings(SettingsImage* settings);

 private:
  enum class State : uint8_t { kIdle, kStart, kWriting, kVerify };

  void LoadRecord();
  void LoadSettings();
  uint32_t Start(uint32_t sector, uint32_t size);
  void Finish();
  void End(StoreResult result);
  void ProcessChange();

  RecordStorage storage_;
  RecordImage record_;
  SettingsImage settings_;
  uint8_t record_slot_, settings_slot_;
  bool calibration_changed_, settings_changed_;
  uint32_t blocks_;

  bool change_waits_;
  uint32_t changed_at_;  // block

  State state_;
  union {
    RecordImage record;
    SettingsImage settings;
    uint8_t bytes[kRecordBytes];
  } writing_;
  uint32_t writing_sector_, writing_size_;
  uint32_t started_at_;  // block
  uint32_t ticket_;
  StoreResult result_, result_before_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_STORE_H_
