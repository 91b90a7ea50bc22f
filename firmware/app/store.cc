// SPDX-License-Identifier: MIT
#include "app/store.h"

#include <cstring>

#include "generated/wire.h"

namespace lottava {

namespace {

// An erase of a 4 KB sector takes 300 ms at most (IS25LP064A, AC characteristics), and what was written before may
// still be going on. A block is 1 ms.
constexpr uint32_t kTimeoutBlocks = 2000;
constexpr uint32_t kSettleBlocks = 1000;

// A slot in use is never written.
constexpr uint32_t OtherSlot(uint8_t slot) { return slot == 0 ? 1 : 0; }

}  // namespace

void Store::Init(const RecordStorage& storage) {
  storage_ = storage;
  blocks_ = changed_at_ = started_at_ = ticket_ = 0;
  writing_sector_ = writing_size_ = 0;
  change_waits_ = false;
  state_ = State::kIdle;
  result_ = result_before_ = StoreResult::kFailed;
  LoadRecord();
  LoadSettings();
}

void Store::LoadRecord() {
  RecordDefaults(&record_);
  record_slot_ = wire::kNoSlot;
  for (uint8_t slot = 0; slot < kRecordSlots; ++slot) {
    uint8_t bytes[kRecordBytes];
    RecordImage found;
    if (!storage_.read(storage_.context, kRecordSector + slot, bytes, sizeof bytes)) continue;
    if (!RecordUnpack(bytes, sizeof bytes, &found).good()) continue;
    if (record_slot_ != wire::kNoSlot && !RecordIsNewer(found.sequence, record_.sequence)) continue;
    record_ = found;
    record_slot_ = slot;
  }
  calibration_changed_ = true;
}

void Store::LoadSettings() {
  SettingsDefaults(&settings_);
  settings_slot_ = wire::kNoSlot;
  for (uint8_t slot = 0; slot < kRecordSlots; ++slot) {
    uint8_t bytes[kSettingsBytes];
    SettingsImage found;
    if (!storage_.read(storage_.context, kSettingsSector + slot, bytes, sizeof bytes)) continue;
    if (!SettingsUnpack(bytes, sizeof bytes, &found).good()) continue;
    if (settings_slot_ != wire::kNoSlot && !RecordIsNewer(found.sequence, settings_.sequence)) continue;
    settings_ = found;
    settings_slot_ = slot;
  }
  settings_changed_ = true;
}

bool Store::ReadOtherRecord(uint8_t* to) const {
  return storage_.read(storage_.context, kRecordSector + OtherSlot(record_slot_), to, kRecordBytes);
}

uint32_t Store::Write(const RecordImage& record) {
  if (state_ != State::kIdle) return 0;
  writing_.record = record;
  writing_.record.sequence = record_.sequence + 1;
  RecordSeal(&writing_.record);
  return Start(kRecordSector + OtherSlot(record_slot_), kRecordBytes);
}

uint32_t Store::Write(const SettingsImage& settings) {
  if (state_ != State::kIdle) return 0;
  writing_.settings = settings;
  writing_.settings.sequence = settings_.sequence + 1;
  SettingsSeal(&writing_.settings);
  return Start(kSettingsSector + OtherSlot(settings_slot_), kSettingsBytes);
}

uint32_t Store::Start(uint32_t sector, uint32_t size) {
  writing_sector_ = sector;
  writing_size_ = size;
  started_at_ = blocks_;
  state_ = State::kStart;
  result_before_ = result_;
  result_ = StoreResult::kBusy;
  ticket_ += ticket_ == 0xFFFFFFFFu ? 2 : 1;
  return ticket_;
}

StoreResult Store::Result(uint32_t ticket) const {
  if (ticket == ticket_) return result_;
  return ticket + 1 == ticket_ ? result_before_ : StoreResult::kFailed;
}

void Store::Change(const SettingsImage& settings) {
  const uint32_t sequence = settings_.sequence;
  settings_ = settings;
  settings_.sequence = sequence;
  SettingsSeal(&settings_);
  settings_changed_ = change_waits_ = true;
  changed_at_ = blocks_;
}

void Store::ProcessChange() {
  if (!change_waits_ || blocks_ - changed_at_ < kSettleBlocks || state_ != State::kIdle) return;
  change_waits_ = false;
  Write(settings_);
}

void Store::Process(uint32_t blocks) {
  blocks_ = blocks;
  ProcessChange();
  if (state_ == State::kIdle) return;
  if (blocks_ - started_at_ > kTimeoutBlocks) return End(StoreResult::kFailed);
  if (state_ == State::kStart) {
    if (storage_.start_write(storage_.context, writing_sector_, writing_.bytes, writing_size_)) state_ = State::kWriting;
  } else if (state_ == State::kWriting) {
    const WriteState state = storage_.write_state(storage_.context);
    if (state == WriteState::kFailed) return End(StoreResult::kFailed);
    if (state == WriteState::kDone) state_ = State::kVerify;
  } else {
    uint8_t bytes[kRecordBytes];
    if (!storage_.read(storage_.context, writing_sector_, bytes, writing_size_)) return;
    if (std::memcmp(bytes, writing_.bytes, writing_size_) != 0) return End(StoreResult::kFailed);
    Finish();
  }
}

// A change at the panel that came while settings were written stays in use; it is written next.
void Store::Finish() {
  const bool is_record = writing_size_ == kRecordBytes;
  const uint8_t slot = static_cast<uint8_t>(writing_sector_ - (is_record ? kRecordSector : kSettingsSector));
  if (is_record) {
    record_ = writing_.record;
    record_slot_ = slot;
    calibration_changed_ = true;
  } else {
    settings_slot_ = slot;
    if (change_waits_) {
      settings_.sequence = writing_.settings.sequence;
    } else {
      settings_ = writing_.settings;
      settings_changed_ = true;
    }
  }
  End(StoreResult::kDone);
}

void Store::End(StoreResult result) {
  state_ = State::kIdle;
  result_ = result;
}

bool Store::TakeCalibration(LottavaCalibration* calibration) {
  if (!calibration_changed_) return false;
  calibration_changed_ = false;
  *calibration = RecordCalibration(record_);
  return true;
}

bool Store::TakeSettings(SettingsImage* settings) {
  if (!settings_changed_) return false;
  settings_changed_ = false;
  *settings = settings_;
  return true;
}

}  // namespace lottava
