// SPDX-License-Identifier: MIT
// Host program for the sanitizers: whole, damaged and random frames in any order, with a flash that fails now and then.
// It may refuse anything but must answer hello, and a record in use is always a good one. usage: fuzz_console ROUNDS
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/console.h"

namespace {

using namespace lottava;

uint8_t g_slots[kRecordSlots][kRecordBytes];
WriteState g_state;
Console g_console;
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

bool ReadSlot(void*, unsigned slot, uint8_t* to) {
  std::memcpy(to, g_slots[slot], kRecordBytes);
  return Random(8) != 0;
}

bool StartWrite(void*, unsigned slot, const uint8_t* bytes) {
  std::memcpy(g_slots[slot], bytes, kRecordBytes);
  if (Random(4) == 0) g_slots[slot][Random(kRecordBytes)] ^= 1;
  g_state = Random(8) != 0 ? WriteState::kDone : WriteState::kFailed;
  return Random(4) != 0;
}

WriteState ReadWriteState(void*) { return g_state; }

// A command that exists, with a payload that may be right.
size_t MakeFrame(uint8_t* to) {
  uint8_t payload[wire::kMaxPayload];
  for (uint8_t& byte : payload) byte = static_cast<uint8_t>(Random(Random(2) ? 4 : 256));
  const wire::Command slow[] = {wire::Command::kCalibrateBegin, wire::Command::kCalibrateCommit,
                                wire::Command::kCalibrateUndo};
  const uint8_t command =
      Random(2) ? wire::kCommands[Random(sizeof wire::kCommands)] : static_cast<uint8_t>(slow[Random(3)]);
  size_t size = Random(2) ? Random(3) : Random(sizeof payload + 1);
  if (command == static_cast<uint8_t>(wire::Command::kCalibrateCommit) && Random(2)) {
    RecordImage record;
    RecordDefaults(&record);
    reinterpret_cast<uint8_t*>(&record)[Random(kRecordBytes)] ^= static_cast<uint8_t>(Random(2));
    RecordSeal(&record);
    std::memcpy(payload, &record, sizeof record);
    size = sizeof record;
  }
  return EncodeFrame(command, static_cast<uint8_t>(Random(4)), payload, size, to);
}

void Round(ConsoleInputs* inputs) {
  uint8_t bytes[wire::kMaxEncoded];
  size_t size = MakeFrame(bytes);
  if (Random(3) == 0) bytes[Random(static_cast<uint32_t>(size))] ^= static_cast<uint8_t>(1u << Random(8));
  if (Random(5) == 0) size = Random(static_cast<uint32_t>(size));
  g_console.Receive(bytes, size);
  for (uint32_t blocks = Random(12); blocks != 0; --blocks) {
    ++inputs->blocks;
    for (uint16_t& code : inputs->cv_codes) code = static_cast<uint16_t>(Random(65536));
    g_console.Process(*inputs);
  }
  uint8_t out[32];
  for (uint32_t reads = Random(8); reads != 0; --reads) g_console.Transmit(out, sizeof out);
  RecordImage used;
  const RecordImage& record = g_console.record();
  Require(RecordUnpack(reinterpret_cast<const uint8_t*>(&record), sizeof record, &used).good(), "a bad record is in use");
}

bool AnswersHello() {
  uint8_t bytes[2 * wire::kMaxEncoded];
  while (g_console.Transmit(bytes, sizeof bytes) != 0) {
  }
  const uint8_t zero = 0;
  g_console.Receive(&zero, 1);
  const size_t size = EncodeFrame(static_cast<uint8_t>(wire::Command::kHello), 9, nullptr, 0, bytes);
  g_console.Receive(bytes, size);
  return g_console.Transmit(bytes, sizeof bytes) > sizeof(wire::HelloReply);
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  std::memset(g_slots, 0xFF, sizeof g_slots);
  wire::HelloReply identity = {};
  identity.capabilities = 0xFFFFFFFFu;
  g_console.Init(identity, {nullptr, ReadSlot, StartWrite, ReadWriteState});
  ConsoleInputs inputs = {};
  for (long i = 0; i < rounds; ++i) {
    Round(&inputs);
    Require(i % 64 != 0 || AnswersHello(), "hello is not answered");
  }
  std::printf("%ld rounds, record %u\n", rounds, static_cast<unsigned>(g_console.record().sequence));
  return 0;
}
