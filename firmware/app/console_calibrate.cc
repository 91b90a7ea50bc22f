// SPDX-License-Identifier: MIT
// The console's calibration: readings, and records for the store.
#include <cstring>

#include "app/console.h"
#include "generated/board.h"

namespace lottava {

namespace {

// The multiplexers come round in 3.5 ms, the converter's mean in 2.6 ms; the filters at the jacks settle in 1 ms.
constexpr uint32_t kSettleBlocks = 16;
constexpr uint32_t kIdleBlocks = 600'000;

}  // namespace

void Console::CalibrateBegin(const uint8_t* payload) {
  const uint8_t route = payload[offsetof(wire::CalibrateBeginRequest, route)];
  if (route > static_cast<uint8_t>(wire::Route::kOutput)) return Refuse(wire::ErrorCode::kBadValue);
  const uint32_t needed = static_cast<uint32_t>(wire::Capability::kCalibrateSource) << route;
  if ((identity_.capabilities & needed) == 0) return Refuse(wire::ErrorCode::kUnsupported);
  if (inputs_.is_taken) return Refuse(wire::ErrorCode::kBusy);
  EndCalibration();
  route_ = static_cast<wire::Route>(route);
  if (route_ == wire::Route::kReference && RefusePatched()) return;
  calibrating_ = true;
  Done();
}

// The reference comes by the switch contacts: a cable in any CV input keeps it out.
bool Console::RefusePatched() {
  if (inputs_.patch_known == 0) {
    Refuse(wire::ErrorCode::kBusy);
    return true;
  }
  for (uint8_t jack = 0; jack < kCvInputs; ++jack) {
    if ((inputs_.patched >> jack & 1) == 0) continue;
    Refuse(wire::ErrorCode::kJackPatched, 0, jack);
    return true;
  }
  return false;
}

void Console::EndCalibration() {
  calibrating_ = false;
  held_ = {};
  idle_blocks_ = settle_blocks_ = 0;
}

// A tool that has gone doesn't keep the outputs and the probe for ever.
void Console::ProcessCalibration(uint32_t passed) {
  settle_blocks_ -= passed < settle_blocks_ ? passed : settle_blocks_;
  idle_blocks_ += passed;
  if (pending_ == Pending::kNone && idle_blocks_ > kIdleBlocks) EndCalibration();
}

void Console::CalibrateDrive(const uint8_t* payload) {
  if (!calibrating_) return Refuse(wire::ErrorCode::kNotCalibrating);
  wire::CalibrateDriveRequest drive;
  std::memcpy(&drive, payload, sizeof drive);
  const bool at_contacts = drive.output == wire::kContacts;
  const bool at_output = route_ == wire::Route::kOutput && drive.output < LOTTAVA_DACS;
  if (drive.code > wire::kDriveFullScale || !(at_contacts || at_output)) return Refuse(wire::ErrorCode::kBadValue);
  if (at_contacts) {
    held_.probe = drive.code != 0 ? Probe::kHigh : Probe::kLow;
  } else {
    held_.drives[drive.output] = true;
    held_.codes[drive.output] = drive.code;
  }
  settle_blocks_ = kSettleBlocks;
  idle_blocks_ = 0;
  Done();
}

void Console::CalibratePoint(const uint8_t* payload) {
  if (!calibrating_) return Refuse(wire::ErrorCode::kNotCalibrating);
  wire::CalibratePointRequest point;
  std::memcpy(&point, payload, sizeof point);
  if (point.input > wire::kReferenceNode || point.blocks == 0 || point.blocks > wire::kMaxPointBlocks) {
    return Refuse(wire::ErrorCode::kBadValue);
  }
  point_ = point;
  averager_.Init();
  idle_blocks_ = 0;
  pending_ = Pending::kPoint;
}

void Console::ProcessPoint() {
  if (settle_blocks_ != 0) return;
  averager_.Add(point_.input < kCvInputs ? inputs_.cv_codes[point_.input] : inputs_.node_codes[0]);
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
  EndCalibration();
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
