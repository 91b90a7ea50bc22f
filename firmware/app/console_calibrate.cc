// SPDX-License-Identifier: MIT
// The console's calibration: readings, and records for the store.
#include <cstring>

#include "app/console.h"
#include "generated/board.h"

namespace lottava {

void Console::CalibrateBegin(const uint8_t* payload) {
  const uint8_t route = payload[offsetof(wire::CalibrateBeginRequest, route)];
  if (route > static_cast<uint8_t>(wire::Route::kOutput)) return Refuse(wire::ErrorCode::kBadValue);
  const uint32_t needed = static_cast<uint32_t>(wire::Capability::kCalibrateSource) << route;
  if ((identity_.capabilities & needed) == 0) return Refuse(wire::ErrorCode::kUnsupported);
  calibrating_ = true;
  Done();
}

void Console::CalibratePoint(const uint8_t* payload) {
  if (!calibrating_) return Refuse(wire::ErrorCode::kNotCalibrating);
  wire::CalibratePointRequest point;
  std::memcpy(&point, payload, sizeof point);
  if (point.input >= kCvInputs || point.blocks == 0 || point.blocks > wire::kMaxPointBlocks) {
    return Refuse(wire::ErrorCode::kBadValue);
  }
  point_ = point;
  averager_.Init();
  pending_ = Pending::kPoint;
}

void Console::ProcessPoint() {
  averager_.Add(inputs_.cv_codes[point_.input]);
  if (averager_.count() < point_.blocks) return;
  wire::CalibratePointReply reply = {};
  reply.mean = averager_.mean();
  reply.deviation = averager_.deviation();
  reply.lowest = averager_.lowest();
  reply.highest = averager_.highest();
  reply.blocks = point_.blocks;
  reply.input = point_.input;
  pending_ = Pending::kNone;
  Reply(&reply, sizeof reply);
}

void Console::CalibrateAbort(const uint8_t*) {
  if (pending_ != Pending::kNone && pending_ != Pending::kPoint) return Refuse(wire::ErrorCode::kBusy);
  pending_ = Pending::kNone;
  calibrating_ = false;
  Done();
}

void Console::CalibrateRead(const uint8_t*) {
  wire::CalibrateReadReply reply;
  std::memcpy(reply.record, &store_->record(), sizeof reply.record);
  reply.slot = store_->record_slot();
  Reply(&reply, sizeof reply);
}

void Console::CalibrateCommit(const uint8_t* payload) {
  if (!calibrating_) return Refuse(wire::ErrorCode::kNotCalibrating);
  RecordImage record;
  const RecordVerdict verdict = RecordUnpack(payload, sizeof(wire::CalibrateCommitRequest), &record);
  if (!verdict.good()) {
    return Refuse(wire::ErrorCode::kRecordRefused, static_cast<uint8_t>(verdict.fault), verdict.index);
  }
  StartRecord(record);
}

// The slot that is not in use holds the record before this one; an erased one stands for the defaults.
void Console::CalibrateUndo(const uint8_t*) {
  if (store_->record_slot() == wire::kNoSlot) return Refuse(wire::ErrorCode::kNothingToUndo);
  uint8_t bytes[kRecordBytes];
  if (!store_->ReadOtherRecord(bytes)) return Refuse(wire::ErrorCode::kBusy);
  RecordImage record;
  if (RecordIsBlank(bytes, sizeof bytes)) {
    RecordDefaults(&record);
  } else if (!RecordUnpack(bytes, sizeof bytes, &record).good()) {
    return Refuse(wire::ErrorCode::kNothingToUndo);
  }
  StartRecord(record);
}

void Console::StartRecord(const RecordImage& record) {
  writing_.record = record;
  std::memcpy(writing_.record.serial, identity_.serial, sizeof writing_.record.serial);
  writing_.record.board_revision = identity_.board_revision;
  writing_.record.seed_revision = identity_.seed_revision;
  StartWrite(false);
}

}  // namespace lottava
