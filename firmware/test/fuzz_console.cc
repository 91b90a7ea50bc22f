// SPDX-License-Identifier: MIT
// Host program for the sanitizers: whole, damaged and random frames in any order, with a flash that fails now and then.
// It may refuse anything but must answer hello, and what is in use is always good. Two ports share a store.
// usage: fuzz_console ROUNDS
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/console.h"

namespace {

using namespace lottava;

constexpr unsigned kSectors = 4;

alignas(4) uint8_t g_sectors[kSectors][kRecordBytes];
WriteState g_state;
Store g_store;
Console g_consoles[2];
uint32_t g_random = 0x6C6F7474;

uint32_t Random(uint32_t below) {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 17;
  g_random ^= g_random << 5;
  return g_random % below;
}

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "fuzz_console: %s\n", what);
    std::abort();
  }
}

bool ReadSector(void*, unsigned sector, void* to, size_t size) {
  std::memcpy(to, g_sectors[sector], size);
  return Random(8) != 0;
}

bool StartWrite(void*, unsigned sector, const void* bytes, size_t size) {
  std::memcpy(g_sectors[sector], bytes, size);
  if (Random(4) == 0) g_sectors[sector][Random(static_cast<uint32_t>(size))] ^= 1;
  g_state = Random(8) != 0 ? WriteState::kDone : WriteState::kFailed;
  return Random(4) != 0;
}

WriteState ReadWriteState(void*) { return g_state; }

constexpr RecordStorage kStorage = {nullptr, ReadSector, StartWrite, ReadWriteState};

// A command that exists, with a payload that may be right.
size_t MakeFrame(uint8_t* to) {
  uint8_t payload[wire::kMaxPayload];
  for (uint8_t& byte : payload) byte = static_cast<uint8_t>(Random(Random(2) ? 4 : 256));
  const wire::Command slow[] = {wire::Command::kCalibrateBegin, wire::Command::kCalibrateCommit,
                                wire::Command::kCalibrateDrive, wire::Command::kCalibratePoint,
                                wire::Command::kCalibrateUndo,  wire::Command::kSettingsPut};
  constexpr uint32_t kSlow = sizeof slow / sizeof slow[0];
  const uint8_t command =
      Random(2) ? wire::kCommands[Random(sizeof wire::kCommands)] : static_cast<uint8_t>(slow[Random(kSlow)]);
  size_t size = Random(2) ? Random(3) : Random(sizeof payload + 1);
  if (command == static_cast<uint8_t>(wire::Command::kCalibrateCommit) && Random(2)) {
    RecordImage record;
    RecordDefaults(&record);
    reinterpret_cast<uint8_t*>(&record)[Random(kRecordBytes)] ^= static_cast<uint8_t>(Random(2));
    RecordSeal(&record);
    std::memcpy(payload, &record, sizeof record);
    size = sizeof record;
  }
  if (command == static_cast<uint8_t>(wire::Command::kCalibrateBegin) && Random(2)) {
    payload[0] = static_cast<uint8_t>(Random(3));
    size = sizeof(wire::CalibrateBeginRequest);
  }
  if (command == static_cast<uint8_t>(wire::Command::kCalibrateDrive) && Random(2)) {
    const wire::CalibrateDriveRequest drive = {static_cast<uint16_t>(Random(65536)), static_cast<uint8_t>(Random(4)), 0};
    std::memcpy(payload, &drive, sizeof drive);
    size = sizeof drive;
  }
  if (command == static_cast<uint8_t>(wire::Command::kCalibratePoint) && Random(2)) {
    const wire::CalibratePointRequest point = {static_cast<uint16_t>(Random(20)), static_cast<uint8_t>(Random(10)), 0};
    std::memcpy(payload, &point, sizeof point);
    size = sizeof point;
  }
  if (command == static_cast<uint8_t>(wire::Command::kSettingsPut) && Random(2)) {
    SettingsImage settings;
    SettingsDefaults(&settings);
    reinterpret_cast<uint8_t*>(&settings)[Random(kSettingsBytes)] ^= static_cast<uint8_t>(Random(2));
    SettingsSeal(&settings);
    std::memcpy(payload, &settings, sizeof settings);
    size = sizeof settings;
  }
  return EncodeFrame(command, static_cast<uint8_t>(Random(4)), payload, size, to);
}

// A slot may be unreadable, and what it holds worn, cut off or of another kind: whatever loads is good.
void Reboot() {
  uint8_t* sector = g_sectors[Random(kSectors)];
  switch (Random(4)) {
    case 0:
      sector[Random(kRecordBytes)] ^= static_cast<uint8_t>(1u << Random(8));
      break;
    case 1:
      std::memset(sector, Random(2) ? 0xFF : 0, Random(kRecordBytes));
      break;
    case 2:  // the header is right, the rest is anything, the checksum fits
      for (uint32_t i = 8; i < kRecordBytes; ++i) sector[i] = static_cast<uint8_t>(Random(256));
      if (Random(2)) {
        RecordSeal(reinterpret_cast<RecordImage*>(sector));
      } else {
        SettingsSeal(reinterpret_cast<SettingsImage*>(sector));
      }
      break;
    default:
      break;
  }
  g_store.Init(kStorage);
}

uint32_t g_records, g_settings;  // that came into use
uint32_t g_held;                 // rounds with something held

void Round(ConsoleInputs* inputs) {
  const uint32_t record_before = g_store.record().sequence, settings_before = g_store.settings().sequence;
  uint8_t bytes[wire::kMaxEncoded];
  size_t size = MakeFrame(bytes);
  if (Random(3) == 0) bytes[Random(static_cast<uint32_t>(size))] ^= static_cast<uint8_t>(1u << Random(8));
  if (Random(5) == 0) size = Random(static_cast<uint32_t>(size));
  g_consoles[Random(2)].Receive(bytes, size);
  for (uint32_t blocks = Random(12); blocks != 0; --blocks) {
    ++inputs->blocks;
    for (uint16_t& code : inputs->cv_codes) code = static_cast<uint16_t>(Random(65536));
    inputs->patch_known = Random(16) != 0;
    inputs->patched = Random(4) != 0 ? 0 : Random(512);
    for (unsigned i = 0; i < 2; ++i) {
      inputs->is_taken = g_consoles[1 - i].calibrating();
      g_consoles[i].Process(*inputs);
    }
    g_store.Process(inputs->blocks);
  }
  if (g_store.record().sequence != record_before) ++g_records;
  if (g_store.settings().sequence != settings_before) ++g_settings;
  if (Random(64) == 0) Reboot();
  uint8_t out[32];
  for (uint32_t reads = Random(8); reads != 0; --reads) g_consoles[Random(2)].Transmit(out, sizeof out);
  for (const Console& console : g_consoles) {
    const Held& held = console.held();
    const bool holds = held.probe != Probe::kRandom || held.drives[0] || held.drives[1];
    Require(console.calibrating() || !holds, "held without a calibration");
    Require(held.codes[0] <= wire::kDriveFullScale && held.codes[1] <= wire::kDriveFullScale, "a code too high");
    if (holds) ++g_held;
  }
  RecordImage used;
  const RecordImage& record = g_store.record();
  Require(RecordUnpack(reinterpret_cast<const uint8_t*>(&record), sizeof record, &used).good(), "a bad record is in use");
  SettingsImage chosen;
  const SettingsImage& settings = g_store.settings();
  Require(SettingsUnpack(reinterpret_cast<const uint8_t*>(&settings), sizeof settings, &chosen).good(),
          "bad settings are in use");
}

bool AnswersHello(Console* console) {
  uint8_t bytes[2 * wire::kMaxEncoded];
  while (console->Transmit(bytes, sizeof bytes) != 0) {
  }
  const uint8_t zero = 0;
  console->Receive(&zero, 1);
  const size_t size = EncodeFrame(static_cast<uint8_t>(wire::Command::kHello), 9, nullptr, 0, bytes);
  console->Receive(bytes, size);
  return console->Transmit(bytes, sizeof bytes) > sizeof(wire::HelloReply);
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  std::memset(g_sectors, 0xFF, sizeof g_sectors);
  wire::HelloReply identity = {};
  identity.capabilities = 0xFFFFFFFFu;
  g_store.Init(kStorage);
  for (Console& console : g_consoles) console.Init(identity, &g_store);
  ConsoleInputs inputs = {};
  for (long i = 0; i < rounds; ++i) {
    Round(&inputs);
    Require(i % 64 != 0 || (AnswersHello(&g_consoles[0]) && AnswersHello(&g_consoles[1])), "hello is not answered");
  }
  std::printf("%ld rounds, records %u settings %u held %u\n", rounds, static_cast<unsigned>(g_records),
              static_cast<unsigned>(g_settings), static_cast<unsigned>(g_held));
  return 0;
}
