// SPDX-License-Identifier: MIT
// The console's requests to the store: settings, and the wait of every write for the store and for the flash.
#include <cstring>

#include "app/console.h"

namespace lottava {

namespace {

// For the store to become free; then the store's own limit counts. A block is 1 ms.
constexpr uint32_t kPatienceBlocks = 2000;

}  // namespace

void Console::SettingsGet(const uint8_t*) {
  wire::SettingsGetReply reply;
  std::memcpy(reply.settings, &store_->settings(), sizeof reply.settings);
  reply.slot = store_->settings_slot();
  Reply(&reply, sizeof reply);
}

void Console::SettingsPut(const uint8_t* payload) {
  SettingsImage settings;
  const RecordVerdict verdict = SettingsUnpack(payload, sizeof(wire::SettingsPutRequest), &settings);
  if (!verdict.good()) {
    return Refuse(wire::ErrorCode::kRecordRefused, static_cast<uint8_t>(verdict.fault), verdict.index);
  }
  writing_.settings = settings;
  StartWrite(true);
}

void Console::StartWrite(bool settings) {
  pending_ = Pending::kWriteStart;
  writing_settings_ = settings;
  write_started_ = inputs_.blocks;
}

void Console::ProcessWrite() {
  if (pending_ == Pending::kWriteStart) {
    ticket_ = writing_settings_ ? store_->Write(writing_.settings) : store_->Write(writing_.record);
    if (ticket_ != 0) {
      pending_ = Pending::kWriting;
    } else if (inputs_.blocks - write_started_ > kPatienceBlocks) {
      pending_ = Pending::kNone;
      Refuse(wire::ErrorCode::kBusy);
    }
    return;
  }
  const StoreResult result = store_->Result(ticket_);
  if (result == StoreResult::kDone) return FinishWrite();
  if (result != StoreResult::kFailed) return;
  pending_ = Pending::kNone;
  Refuse(wire::ErrorCode::kStorageFailed);
}

void Console::FinishWrite() {
  pending_ = Pending::kNone;
  if (!writing_settings_) EndCalibration();
  stored_ = {};
  stored_.sequence = writing_settings_ ? store_->settings().sequence : store_->record().sequence;
  stored_.slot = writing_settings_ ? store_->settings_slot() : store_->record_slot();
  has_stored_ = true;
  stored_command_ = command_;
  stored_sequence_ = sequence_;
  stored_crc_ = crc_;
  Reply(&stored_, sizeof stored_);
}

}  // namespace lottava
