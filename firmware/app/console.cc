// SPDX-License-Identifier: MIT
#include "app/console.h"

#include <cstring>

namespace lottava {

namespace {

constexpr uint32_t kBlocksPerSecond = 1000;

constexpr uint32_t Mask(wire::Capability capability) { return static_cast<uint32_t>(capability); }

constexpr uint32_t kCalibrate = Mask(wire::Capability::kCalibrateSource) |
                                Mask(wire::Capability::kCalibrateReference) |
                                Mask(wire::Capability::kCalibrateOutput);

bool IsCommand(uint8_t number) {
  for (const uint8_t command : wire::kCommands) {
    if (command == number) return true;
  }
  return false;
}

}  // namespace

// Command, payload bytes, capabilities of which one is needed (0 = always there), answered while another is pending.
const Console::Verb Console::kVerbs[] = {
    {wire::Command::kHello, 0, 0, true, &Console::Hello},
    {wire::Command::kIdentify, sizeof(wire::IdentifyRequest), Mask(wire::Capability::kIdentify), true,
     &Console::Identify},
    {wire::Command::kMonitor, 0, Mask(wire::Capability::kMonitor), true, &Console::Monitor},
    {wire::Command::kSelftest, 0, Mask(wire::Capability::kSelftest), true, &Console::Selftest},
    {wire::Command::kBench, 0, Mask(wire::Capability::kBench), true, &Console::Bench},
    {wire::Command::kReboot, 0, Mask(wire::Capability::kReboot), false, &Console::Reboot},
    {wire::Command::kRebootDfu, 0, Mask(wire::Capability::kDfu), false, &Console::RebootDfu},
    {wire::Command::kFactory, 0, Mask(wire::Capability::kFactory), false, &Console::Factory},
    {wire::Command::kBenchCase, sizeof(wire::BenchCaseRequest), Mask(wire::Capability::kBenchCase), false,
     &Console::BenchCase},
    {wire::Command::kSettingsGet, 0, Mask(wire::Capability::kSettings), true, &Console::SettingsGet},
    {wire::Command::kSettingsPut, sizeof(wire::SettingsPutRequest), Mask(wire::Capability::kSettings), false,
     &Console::SettingsPut},
    {wire::Command::kCalibrateBegin, sizeof(wire::CalibrateBeginRequest), kCalibrate, false, &Console::CalibrateBegin},
    {wire::Command::kCalibratePoint, sizeof(wire::CalibratePointRequest), kCalibrate, false, &Console::CalibratePoint},
    {wire::Command::kCalibrateCommit, sizeof(wire::CalibrateCommitRequest), kCalibrate, false,
     &Console::CalibrateCommit},
    {wire::Command::kCalibrateUndo, 0, kCalibrate, false, &Console::CalibrateUndo},
    {wire::Command::kCalibrateRead, 0, kCalibrate, true, &Console::CalibrateRead},
    {wire::Command::kCalibrateDrive, sizeof(wire::CalibrateDriveRequest), kCalibrate, false, &Console::CalibrateDrive},
    {wire::Command::kCalibrateAbort, 0, kCalibrate, true, &Console::CalibrateAbort},
};

void Console::Init(const wire::HelloReply& identity, Store* store, const BenchCases& bench) {
  decoder_.Init();
  inputs_ = {};
  identity_ = identity;
  identity_.protocol = wire::kProtocolVersion;
  identity_.record_version = static_cast<uint8_t>(kRecordVersion);
  store_ = store;
  bench_ = bench;
  EndCalibration();
  action_ = ConsoleAction::kNone;
  identify_blocks_ = 0;
  pending_ = Pending::kNone;
  command_ = wire::Command::kHello;
  sequence_ = 0;
  crc_ = 0;
  averager_.Init();
  has_stored_ = false;
  transmit_start_ = transmit_end_ = 0;
}

void Console::Receive(const uint8_t* bytes, size_t size) {
  Frame frame;
  for (size_t i = 0; i < size; ++i) {
    if (decoder_.Receive(bytes[i], &frame)) HandleFrame(frame);
  }
}

void Console::HandleFrame(const Frame& frame) {
  if ((frame.command & wire::kReplyFlag) != 0) return;  // our own words, echoed by a terminal
  if (IsRepeat(frame)) return;
  const wire::Command command = static_cast<wire::Command>(frame.command);
  const Verb* verb = nullptr;
  for (const Verb& one : kVerbs) {
    if (one.command == command && (one.needs == 0 || (one.needs & identity_.capabilities) != 0)) verb = &one;
  }
  // A pending request keeps its number for its own reply; the one in between borrows the place.
  const wire::Command pending_command = command_;
  const uint8_t pending_sequence = sequence_;
  const uint16_t pending_crc = crc_;
  const bool was_pending = pending_ != Pending::kNone;
  command_ = command;
  sequence_ = frame.sequence;
  crc_ = frame.crc;
  if (verb == nullptr) {
    Refuse(IsCommand(frame.command) ? wire::ErrorCode::kUnsupported : wire::ErrorCode::kUnknownCommand);
  } else if (frame.size != verb->size) {
    Refuse(wire::ErrorCode::kBadLength);
  } else if (was_pending && !verb->while_pending) {
    Refuse(wire::ErrorCode::kBusy);
  } else {
    (this->*verb->handle)(frame.payload);
  }
  if (was_pending && pending_ != Pending::kNone) {
    command_ = pending_command;
    sequence_ = pending_sequence;
    crc_ = pending_crc;
  }
}

bool Console::IsRepeat(const Frame& frame) {
  const wire::Command command = static_cast<wire::Command>(frame.command);
  if (pending_ != Pending::kNone && command == command_ && frame.sequence == sequence_ && frame.crc == crc_) {
    return true;  // its reply is on the way
  }
  if (has_stored_ && command == stored_command_ && frame.sequence == stored_sequence_ && frame.crc == stored_crc_) {
    Send(command, frame.sequence, &stored_, sizeof stored_);
    return true;
  }
  has_stored_ = false;
  return false;
}

void Console::Send(wire::Command command, uint8_t sequence, const void* payload, size_t size) {
  if (transmit_start_ == transmit_end_) transmit_start_ = transmit_end_ = 0;
  if (transmit_start_ != 0) {
    std::memmove(transmit_, transmit_ + transmit_start_, transmit_end_ - transmit_start_);
    transmit_end_ -= transmit_start_;
    transmit_start_ = 0;
  }
  if (sizeof transmit_ - transmit_end_ < wire::kMaxEncoded) return;  // nobody is reading: the asker will repeat
  const unsigned number = static_cast<uint8_t>(command) | wire::kReplyFlag;
  transmit_end_ += EncodeFrame(static_cast<uint8_t>(number), sequence, payload, size, transmit_ + transmit_end_);
}

void Console::Refuse(wire::ErrorCode code, uint8_t detail, uint8_t index) {
  const wire::ErrorReply reply = {static_cast<uint8_t>(command_), static_cast<uint8_t>(code), detail, index};
  Send(wire::Command::kError, sequence_, &reply, sizeof reply);
}

size_t Console::Transmit(uint8_t* to, size_t capacity) {
  const size_t waiting = transmit_end_ - transmit_start_;
  const size_t size = waiting < capacity ? waiting : capacity;
  std::memcpy(to, transmit_ + transmit_start_, size);
  transmit_start_ += size;
  return size;
}

ConsoleAction Console::TakeAction() {
  if (transmit_start_ != transmit_end_) return ConsoleAction::kNone;
  const ConsoleAction action = action_;
  action_ = ConsoleAction::kNone;
  return action;
}

void Console::Process(const ConsoleInputs& inputs) {
  const uint32_t passed = inputs.blocks - inputs_.blocks;
  inputs_ = inputs;
  identify_blocks_ -= passed < identify_blocks_ ? passed : identify_blocks_;
  if (calibrating_) ProcessCalibration(passed);
  if (pending_ == Pending::kPoint) {
    if (passed != 0) ProcessPoint();
  } else if (pending_ != Pending::kNone) {
    ProcessWrite();
  }
}

void Console::Hello(const uint8_t*) { Reply(&identity_, sizeof identity_); }

void Console::Identify(const uint8_t* payload) {
  identify_blocks_ = kBlocksPerSecond * payload[offsetof(wire::IdentifyRequest, seconds)];
  Done();
}

void Console::Monitor(const uint8_t*) {
  wire::MonitorReply reply = {};
  reply.blocks = inputs_.blocks;
  std::memcpy(reply.cv_volts, inputs_.cv_volts, sizeof reply.cv_volts);
  reply.pitch_volts = inputs_.pitch_volts;
  reply.loudness_db = inputs_.loudness_db;
  std::memcpy(reply.axes, inputs_.axes, sizeof reply.axes);
  std::memcpy(reply.cv_codes, inputs_.cv_codes, sizeof reply.cv_codes);
  std::memcpy(reply.pot_codes, inputs_.pot_codes, sizeof reply.pot_codes);
  reply.gates = inputs_.gates;
  reply.patch_known = inputs_.patch_known;
  reply.patched = inputs_.patched;
  reply.cycles_mean = inputs_.cycles_mean;
  reply.cycles_max = inputs_.cycles_max;
  reply.missed_blocks = inputs_.missed_blocks;
  reply.bad_frames = decoder_.bad_frames();
  Reply(&reply, sizeof reply);
}

// What the module can judge alone; the rest is in the codes.
void Console::Selftest(const uint8_t*) {
  constexpr unsigned kFirstNode = LOTTAVA_CVS + LOTTAVA_POTS;
  constexpr uint32_t kBoardId = 1u << (kFirstNode + 1), kPlus12V = 1u << (kFirstNode + 3);
  constexpr uint32_t kVoice = 1u << (kFirstNode + 4);
  constexpr uint16_t kPlus12VLow = 21448, kPlus12VHigh = 26214;  // 1.08 and 1.32 V
  wire::SelftestReply reply = {};
  std::memcpy(reply.codes, inputs_.cv_codes, sizeof inputs_.cv_codes);
  std::memcpy(reply.codes + LOTTAVA_CVS, inputs_.pot_codes, sizeof inputs_.pot_codes);
  std::memcpy(reply.codes + kFirstNode, inputs_.node_codes, sizeof inputs_.node_codes);
  if (identity_.board_revision != 0) {
    const uint16_t rail = inputs_.node_codes[3];
    reply.good = kBoardId | (rail >= kPlus12VLow && rail <= kPlus12VHigh ? kPlus12V : 0);
    reply.bad = ~reply.good & kPlus12V;
    if (inputs_.patch_known != 0) reply.good |= ~inputs_.patched & ((1u << LOTTAVA_CVS) - 1);
  }
  uint32_t voice = 0;
  for (const uint8_t byte : identity_.graph_sha256) voice |= byte;
  (voice != 0 ? reply.good : reply.bad) |= kVoice;
  Reply(&reply, sizeof reply);
}

void Console::Bench(const uint8_t*) {
  const wire::BenchReply reply = {inputs_.cycles_mean, inputs_.cycles_max, inputs_.blocks, inputs_.cpu_hz};
  Reply(&reply, sizeof reply);
}

void Console::Reboot(const uint8_t*) {
  action_ = ConsoleAction::kReboot;
  Done();
}

void Console::RebootDfu(const uint8_t*) {
  action_ = ConsoleAction::kRebootDfu;
  Done();
}

void Console::Factory(const uint8_t*) {
  action_ = ConsoleAction::kFactory;
  Done();
}

void Console::BenchCase(const uint8_t* payload) {
  const uint8_t number = payload[offsetof(wire::BenchCaseRequest, case_number)];
  if (bench_.count == nullptr || number >= bench_.count()) {
    Refuse(wire::ErrorCode::kBadValue);
    return;
  }
  wire::BenchCaseReply reply = {};
  reply.cycles = bench_.cycles(number);
  reply.cases = bench_.count();
  const char* name = bench_.name(number);
  for (size_t i = 0; i < sizeof reply.name && name[i] != 0; ++i) reply.name[i] = static_cast<uint8_t>(name[i]);
  Reply(&reply, sizeof reply);
}

}  // namespace lottava
