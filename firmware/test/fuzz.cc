// SPDX-License-Identifier: MIT
// Host program for the sanitizers: damage a voice blob in every way with its CRC made good again, load it, and run
// whatever the loader lets through; then play blocks of random panels. usage: fuzz BLOB ROUNDS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/builtin.h"
#include "app/module.h"

namespace {

constexpr size_t kArenaBytes = 1 << 20;
constexpr int32_t kFullScale = 8388607;

alignas(16) uint8_t g_dtcm[kArenaBytes];
alignas(16) uint8_t g_axi[kArenaBytes];
lottava::Module g_module;
uint32_t g_random = 0x6C6F7474;

uint32_t Random(uint32_t below) {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 17;
  g_random ^= g_random << 5;
  return g_random % below;
}

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::abort();
  }
}

void RandomPanel(LottavaInputs* inputs) {
  static const uint16_t kExtremes[] = {0, 1, 32767, 65534, 65535};
  for (uint16_t& code : inputs->cv_codes) {
    code = Random(3) ? static_cast<uint16_t>(Random(65536)) : kExtremes[Random(5)];
  }
  for (uint16_t& code : inputs->pot_codes) {
    code = Random(3) ? static_cast<uint16_t>(Random(65536)) : kExtremes[Random(5)];
  }
  inputs->gate = Random(2) != 0;
  inputs->gate_edge = Random(4) == 0;
  inputs->gate_offset = static_cast<uint8_t>(Random(4) ? Random(LOTTAVA_BLOCK_SAMPLES) : Random(256));
  inputs->gate_patched = Random(4) != 0;
  inputs->freeze = Random(4) == 0;
}

void PlayBlocks(int blocks) {
  LottavaInputs inputs;
  LottavaOutputs outputs;
  for (int i = 0; i < blocks; ++i) {
    RandomPanel(&inputs);
    g_module.Process(inputs, &outputs);
    for (const int32_t(&sample)[2] : outputs.audio) {
      Require(sample[0] >= -kFullScale && sample[0] <= kFullScale, "OUT left 24 bits");
      Require(sample[1] >= -kFullScale && sample[1] <= kFullScale, "AUX left 24 bits");
    }
    Require(outputs.dac_codes[0] <= 65520 && outputs.dac_codes[1] <= 65520, "a DAC code left 12 bits");
  }
}

void SealCrc(uint8_t* blob, size_t length) {
  if (length >= sizeof(NnBlobHeader)) {
    const uint32_t crc = nn_crc32(blob + NN_BLOB_CRC_START, length - NN_BLOB_CRC_START);
    std::memcpy(blob + offsetof(NnBlobHeader, crc32), &crc, sizeof(crc));
  }
}

// Mostly the header and the tables, where a wrong byte could lead the loader astray.
size_t Damage(uint8_t* blob, size_t length) {
  const uint32_t reach = Random(4) ? 1024u : static_cast<uint32_t>(length);
  const uint32_t changes = 1 + Random(4);
  for (uint32_t i = 0; i < changes; ++i) {
    const size_t at = Random(reach < length ? reach : static_cast<uint32_t>(length));
    blob[at] = static_cast<uint8_t>(Random(2) ? Random(256) : blob[at] ^ (1u << Random(8)));
  }
  if (Random(4) == 0) {
    length = Random(static_cast<uint32_t>(length) + 1);
    const uint32_t shorter = static_cast<uint32_t>(length);
    if (length >= sizeof(NnBlobHeader)) {
      std::memcpy(blob + offsetof(NnBlobHeader, length), &shorter, sizeof(shorter));
    }
  }
  return length;
}

// A heap copy of exactly `length` bytes, so that any read beyond them is caught.
NnError LoadExact(const uint8_t* blob, size_t length, size_t arena_length) {
  const NnMemory memories[NN_MEMORIES] = {{g_dtcm, arena_length}, {g_axi, kArenaBytes}};
  uint8_t* copy = static_cast<uint8_t*>(std::malloc(length ? length : 1));
  std::memcpy(copy, blob, length);
  const NnError error = g_module.LoadVoice(copy, length, memories, Random(4));
  std::free(copy);
  return error;
}

void Fuzz(const uint8_t* blob, size_t length, int rounds) {
  uint8_t* damaged = static_cast<uint8_t*>(std::malloc(length));
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    std::memcpy(damaged, blob, length);
    const size_t left = Damage(damaged, length);
    if (Random(8)) {
      SealCrc(damaged, left);
    }
    g_module.Init();
    if (LoadExact(damaged, left, Random(4) ? kArenaBytes : Random(kArenaBytes / 8)) == NN_OK) {
      ++accepted;
      PlayBlocks(3);
    }
  }
  std::free(damaged);
  std::printf("%d of %d damaged blobs were harmless enough to play\n", accepted, rounds);
}

}  // namespace

int main(int argc, char** argv) {
  Require(argc == 3, "usage: fuzz BLOB ROUNDS");
  std::FILE* file = std::fopen(argv[1], "rb");
  Require(file != nullptr, "can't open the blob");
  static uint8_t blob[1 << 20];
  const size_t length = std::fread(blob, 1, sizeof(blob), file);
  std::fclose(file);

  g_module.Init();
  PlayBlocks(8);
  Require(LoadExact(blob, length, kArenaBytes) == NN_OK, "the intact blob is refused");
  PlayBlocks(200);
  Fuzz(blob, length, std::atoi(argv[2]));

  static NnNetwork network;
  const NnMemory memories[NN_MEMORIES] = {{g_dtcm, kArenaBytes}, {g_axi, kArenaBytes}};
  Require(lottava_builtin_selftest(&network, memories) == 0, "golden runs are missed");
  return 0;
}
