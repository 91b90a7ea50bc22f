// SPDX-License-Identifier: MIT
// The console as C functions, with a flash that takes its time and can be made to fail: for tests in Python.
#include <cstring>
#include <new>

#include "app/console.h"

namespace {

using namespace lottava;

enum Fault : uint8_t { kNoFault, kWriteFails, kWriteCorrupts, kNeverDone, kNeverStarts };

constexpr unsigned kSectors = 4;

// console: the port under test; second: another port of the same module.
struct HostConsole {
  Store store;
  Console console, second;
  ConsoleInputs inputs;
  uint8_t sectors[kSectors][kRecordBytes];
  uint32_t writes;
  uint32_t polls_left;
  WriteState state;
  uint8_t fault;
};

HostConsole* Of(void* memory) { return static_cast<HostConsole*>(memory); }

bool ReadSector(void* context, unsigned sector, void* to, size_t size) {
  const HostConsole* host = Of(context);
  if (host->state == WriteState::kBusy) return false;
  std::memcpy(to, host->sectors[sector], size);
  return true;
}

bool StartWrite(void* context, unsigned sector, const void* bytes, size_t size) {
  HostConsole* host = Of(context);
  if (host->fault == kNeverStarts) return false;
  ++host->writes;
  host->polls_left = 3;
  host->state = WriteState::kBusy;
  if (host->fault != kWriteFails) std::memcpy(host->sectors[sector], bytes, size);
  if (host->fault == kWriteCorrupts) host->sectors[sector][20] ^= 1;
  return true;
}

WriteState ReadWriteState(void* context) {
  HostConsole* host = Of(context);
  if (host->state == WriteState::kBusy && host->fault != kNeverDone && --host->polls_left == 0) {
    host->state = host->fault == kWriteFails ? WriteState::kFailed : WriteState::kDone;
  }
  return host->state;
}

// Two cases, as if they had been measured.
uint32_t BenchCount() { return 2; }
const char* BenchName(uint32_t number) { return number == 0 ? "first" : "a_name_of_all_24_letters"; }
uint32_t BenchCycles(uint32_t number) { return 1000 + number; }

}  // namespace

extern "C" {

size_t console_size(void) { return sizeof(HostConsole); }

// Keeps the sectors: create again is a reboot. `hello`: the bytes of a HelloReply.
void console_create(void* memory, const uint8_t* hello, const uint8_t* sectors) {
  HostConsole* host = new (memory) HostConsole;
  std::memcpy(host->sectors, sectors, sizeof host->sectors);
  host->inputs = {};
  host->writes = 0;
  host->state = WriteState::kIdle;
  host->fault = kNoFault;
  wire::HelloReply identity;
  std::memcpy(&identity, hello, sizeof identity);
  host->store.Init({host, ReadSector, StartWrite, ReadWriteState});
  host->console.Init(identity, &host->store, {BenchCount, BenchName, BenchCycles});
  host->second.Init(identity, &host->store);
}

void console_fault(void* memory, uint8_t fault) { Of(memory)->fault = fault; }
uint32_t console_writes(void* memory) { return Of(memory)->writes; }
void console_sectors(void* memory, uint8_t* to) { std::memcpy(to, Of(memory)->sectors, sizeof Of(memory)->sectors); }
void console_receive(void* memory, const uint8_t* bytes, size_t size) { Of(memory)->console.Receive(bytes, size); }
void second_receive(void* memory, const uint8_t* bytes, size_t size) { Of(memory)->second.Receive(bytes, size); }
size_t second_transmit(void* memory, uint8_t* to, size_t size) { return Of(memory)->second.Transmit(to, size); }
size_t console_transmit(void* memory, uint8_t* to, size_t size) { return Of(memory)->console.Transmit(to, size); }

// What the panel knows from the next block on.
void console_panel(void* memory, int patch_known, uint32_t patched, const uint16_t* node_codes) {
  ConsoleInputs& inputs = Of(memory)->inputs;
  inputs.patch_known = static_cast<uint8_t>(patch_known);
  inputs.patched = patched;
  std::memcpy(inputs.node_codes, node_codes, sizeof inputs.node_codes);
}

// What is held: probe, then of each output whether, and the code.
void console_held(const void* memory, uint16_t* to) {
  const Held& held = static_cast<const HostConsole*>(memory)->console.held();
  *to++ = static_cast<uint16_t>(held.probe);
  for (unsigned i = 0; i < LOTTAVA_DACS; ++i) {
    *to++ = held.drives[i];
    *to++ = held.codes[i];
  }
}

int console_calibrating(const void* memory) { return static_cast<const HostConsole*>(memory)->console.calibrating(); }

// One block with these codes and volts.
void console_block(void* memory, const uint16_t* cv_codes, const float* cv_volts) {
  HostConsole* host = Of(memory);
  ++host->inputs.blocks;
  std::memcpy(host->inputs.cv_codes, cv_codes, sizeof host->inputs.cv_codes);
  std::memcpy(host->inputs.cv_volts, cv_volts, sizeof host->inputs.cv_volts);
  host->inputs.is_taken = host->second.calibrating();
  host->console.Process(host->inputs);
  host->inputs.is_taken = host->console.calibrating();
  host->second.Process(host->inputs);
  host->store.Process(host->inputs.blocks);
}

uint8_t console_action(void* memory) { return static_cast<uint8_t>(Of(memory)->console.TakeAction()); }
uint32_t console_identify(void* memory) { return Of(memory)->console.identify_blocks(); }
int console_calibration(void* memory, LottavaCalibration* to) { return Of(memory)->store.TakeCalibration(to); }

// As SettingsImage, once after a change.
int console_settings(void* memory, SettingsImage* to) { return Of(memory)->store.TakeSettings(to); }

// As the panel does.
void console_change(void* memory, const SettingsImage* settings) { Of(memory)->store.Change(*settings); }

uint16_t wire_crc16(const uint8_t* bytes, size_t size) { return Crc16(bytes, size); }
size_t wire_encode(uint8_t command, uint8_t sequence, const uint8_t* payload, size_t size, uint8_t* to) {
  return EncodeFrame(command, sequence, payload, size, to);
}

// Feeds all bytes; writes each good frame as command, sequence, size lo, size hi, payload. Returns the bytes written.
size_t wire_decode(const uint8_t* bytes, size_t size, uint8_t* to) {
  FrameDecoder decoder;
  decoder.Init();
  size_t written = 0;
  for (size_t i = 0; i < size; ++i) {
    Frame frame;
    if (!decoder.Receive(bytes[i], &frame)) continue;
    to[written++] = frame.command;
    to[written++] = frame.sequence;
    to[written++] = static_cast<uint8_t>(frame.size & 0xFF);
    to[written++] = static_cast<uint8_t>(frame.size >> 8);
    std::memcpy(to + written, frame.payload, frame.size);
    written += frame.size;
  }
  return written;
}

// Fault in the low byte, index above; on success `to` holds the record sealed anew.
uint32_t record_unpack(const uint8_t* bytes, size_t size, uint8_t* to) {
  RecordImage record;
  const RecordVerdict verdict = RecordUnpack(bytes, size, &record);
  if (verdict.good()) {
    record.crc32 = 0;
    RecordSeal(&record);
    std::memcpy(to, &record, sizeof record);
  }
  return static_cast<uint32_t>(verdict.fault) | static_cast<uint32_t>(verdict.index) << 8;
}

// As record_unpack.
uint32_t settings_unpack(const uint8_t* bytes, size_t size, uint8_t* to) {
  SettingsImage settings;
  const RecordVerdict verdict = SettingsUnpack(bytes, size, &settings);
  if (verdict.good()) {
    settings.crc32 = 0;
    SettingsSeal(&settings);
    std::memcpy(to, &settings, sizeof settings);
  }
  return static_cast<uint32_t>(verdict.fault) | static_cast<uint32_t>(verdict.index) << 8;
}

void settings_defaults(uint8_t* to) {
  SettingsImage settings;
  SettingsDefaults(&settings);
  std::memcpy(to, &settings, sizeof settings);
}

void record_defaults(uint8_t* to) {
  RecordImage record;
  RecordDefaults(&record);
  std::memcpy(to, &record, sizeof record);
}

}  // extern "C"
