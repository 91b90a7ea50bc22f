// SPDX-License-Identifier: MIT
// The console's calibration: readings, and records that are used only after they were read back from the flash.
#include <cstring>

#include "app/console.h"
#include "generated/board.h"

namespace lottava {

namespace {

// An erase of a 4 KB sector takes 300 ms at most (IS25LP064A, AC characteristics); a write that found another one
// going on waits for that first. A block is 1 ms.
constexpr uint32_t kWriteTimeoutBlocks = 2000;

}  // namespace

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
  std::memcpy(reply.record, &record_, sizeof reply.record);
  reply.slot = slot_;
  Reply(&reply, sizeof reply);
}

void Console::CalibrateCommit(const uint8_t* payload) {
  if (!calibrating_) return Refuse(wire::ErrorCode::kNotCalibrating);
  RecordImage record;
  const RecordVerdict verdict = RecordUnpack(payload, sizeof(wire::CalibrateCommitRequest), &record);
  if (!verdict.good()) {
    return Refuse(wire::ErrorCode::kRecordRefused, static_cast<uint8_t>(verdict.fault), verdict.index);
  }
  StartWrite(record);
}

// The slot that is not in use holds the record before this one; an erased one stands for the defaults.
void Console::CalibrateUndo(const uint8_t*) {
  if (slot_ == wire::kNoSlot) return Refuse(wire::ErrorCode::kNothingToUndo);
  uint8_t bytes[kRecordBytes];
  if (!storage_.read_slot(storage_.context, 1u - slot_, bytes)) return Refuse(wire::ErrorCode::kBusy);
  RecordImage record;
  if (RecordIsBlank(bytes, sizeof bytes)) {
    RecordDefaults(&record);
  } else if (!RecordUnpack(bytes, sizeof bytes, &record).good()) {
    return Refuse(wire::ErrorCode::kNothingToUndo);
  }
  StartWrite(record);
}

void Console::StartWrite(const RecordImage& record) {
  writing_ = record;
  writing_.sequence = record_.sequence + 1;
  std::memcpy(writing_.serial, identity_.serial, sizeof writing_.serial);
  writing_.board_revision = identity_.board_revision;
  writing_.seed_revision = identity_.seed_revision;
  RecordSeal(&writing_);
  writing_slot_ = static_cast<uint8_t>(slot_ == 0 ? 1 : 0);
  write_started_ = inputs_.blocks;
  pending_ = Pending::kWriteStart;
}

void Console::ProcessWrite() {
  if (inputs_.blocks - write_started_ > kWriteTimeoutBlocks) return FailWrite();
  if (pending_ == Pending::kWriteStart) {
    if (storage_.start_write(storage_.context, writing_slot_, reinterpret_cast<const uint8_t*>(&writing_))) {
      pending_ = Pending::kWriting;
    }
  } else if (pending_ == Pending::kWriting) {
    const WriteState state = storage_.write_state(storage_.context);
    if (state == WriteState::kFailed) return FailWrite();
    if (state == WriteState::kDone) pending_ = Pending::kVerify;
  } else {
    uint8_t bytes[kRecordBytes];
    if (!storage_.read_slot(storage_.context, writing_slot_, bytes)) return;
    if (std::memcmp(bytes, &writing_, sizeof bytes) != 0) return FailWrite();
    FinishWrite();
  }
}

void Console::FinishWrite() {
  pending_ = Pending::kNone;
  record_ = writing_;
  slot_ = writing_slot_;
  calibration_changed_ = true;
  calibrating_ = false;
  stored_ = {};
  stored_.sequence = record_.sequence;
  stored_.slot = slot_;
  has_stored_ = true;
  stored_command_ = command_;
  stored_sequence_ = sequence_;
  stored_crc_ = crc_;
  Reply(&stored_, sizeof stored_);
}

void Console::FailWrite() {
  pending_ = Pending::kNone;
  Refuse(wire::ErrorCode::kStorageFailed);
}

}  // namespace lottava
