// SPDX-License-Identifier: MIT
// The loader and the runner against damaged graphs: whatever is accepted runs, and touches only the memories it was
// given. LLVMFuzzerTestOneInput is libFuzzer's entry (make libfuzzer); without it, main below damages the files that it
// is given. usage: fuzz_graph ROUNDS BLOB...
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "nn/network.h"

namespace {

constexpr size_t kDtcmBytes = 192 << 10, kAxiBytes = 192 << 10, kMaxBlob = 256 << 10;
constexpr uint32_t kTicks = 100;

uint32_t g_random = 0x6C6F7474;

uint32_t Random(uint32_t below) {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 17;
  g_random ^= g_random << 5;
  return g_random % below;
}

// A heap block of exactly so many bytes, which the sanitizer guards at both ends.
class Exact {
 public:
  explicit Exact(size_t length) : bytes_(static_cast<uint8_t*>(std::aligned_alloc(16, (length + 15) / 16 * 16))) {}
  ~Exact() { std::free(bytes_); }
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  uint8_t* bytes() const { return bytes_; }

 private:
  uint8_t* bytes_;
};

void FillInputs(const NnNetwork& network, uint32_t ticks) {
  static const int16_t kExtremes[] = {-32768, -1, 0, 1, 32767};
  for (uint32_t i = 0; i < network.input_count; ++i) {
    const NnTensor& tensor = network.tensors[i];
    int16_t* values = nn_input(&network, i);
    for (uint32_t column = 0; column < nn_due(&network, i, ticks); ++column) {
      for (uint32_t j = 0; j < tensor.size; ++j) {
        const uint32_t draw = Random(8);
        values[column * tensor.padded + j] =
            draw < 5 ? kExtremes[draw] : static_cast<int16_t>(static_cast<int32_t>(Random(65536)) - 32768);
      }
    }
  }
}

void RunAll(NnNetwork* network) {
  volatile int16_t heard = 0;
  for (uint32_t done = 0; done < kTicks;) {
    const uint32_t ticks = 1 + Random(network->block);
    FillInputs(*network, ticks);
    const uint32_t columns = nn_due(network, network->output_tensor, ticks);
    nn_run(network, ticks);
    const NnTensor& output = network->tensors[network->output_tensor];
    for (uint32_t i = 0; i < columns * output.padded; ++i) {
      heard = static_cast<int16_t>(heard ^ nn_output(network)[i]);
    }
    done += ticks;
  }
}

// Length and checksum as they have to be, so that the rest is looked at.
void Seal(uint8_t* blob, size_t length) {
  if (length < sizeof(NnBlobHeader)) {
    return;
  }
  const uint32_t whole = static_cast<uint32_t>(length);
  std::memcpy(blob + offsetof(NnBlobHeader, length), &whole, sizeof(whole));
  const uint32_t crc = nn_crc32(blob + NN_BLOB_CRC_START, length - NN_BLOB_CRC_START);
  std::memcpy(blob + offsetof(NnBlobHeader, crc32), &crc, sizeof(crc));
}

NnError LoadAndRun(const uint8_t* data, size_t length, size_t dtcm_bytes) {
  static NnNetwork network;
  const Exact blob(length), dtcm(dtcm_bytes), axi(kAxiBytes);
  std::memcpy(blob.bytes(), data, length);
  Seal(blob.bytes(), length);
  const NnMemory memories[NN_MEMORIES] = {{dtcm.bytes(), dtcm_bytes}, {axi.bytes(), kAxiBytes}};
  const NnError error = nn_load(&network, blob.bytes(), length, memories);
  if (error == NN_OK) {
    RunAll(&network);
    nn_reset(&network);
    RunAll(&network);
    for (uint32_t level = network.level_count; level > 0; --level) {
      if (nn_load_level(&network, blob.bytes(), length, memories, level) == NN_OK) {
        RunAll(&network);
      }
    }
  } else {
    nn_run(&network, 1);  // of a refused graph nothing is left
  }
  return error;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t length) {
  if (length > 0) {
    g_random = 0x6C6F7474 ^ data[length / 2];
    LoadAndRun(data, length, kDtcmBytes);
  }
  return 0;
}

#ifndef FUZZ_WITHOUT_MAIN
namespace {

size_t Read(const char* path, uint8_t* blob) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "fuzz_graph: can't open %s\n", path);
    std::exit(2);
  }
  const size_t length = std::fread(blob, 1, kMaxBlob, file);
  std::fclose(file);
  return length;
}

// Bytes of header, tensors and layers.
uint32_t TableEnd(const uint8_t* blob) {
  NnBlobHeader header;
  std::memcpy(&header, blob, sizeof(header));
  const size_t tensors = (sizeof(header) + header.tensor_count * sizeof(NnBlobTensor) + 15) / 16 * 16;
  return static_cast<uint32_t>(tensors + header.layer_count * sizeof(NnBlobLayer));
}

// One to three changes, mostly of the tables; sometimes only a part is left.
size_t Damage(uint8_t* blob, size_t length) {
  static const uint8_t kBytes[] = {0, 1, 2, 3, 4, 48, 64, 127, 128, 255};
  const uint32_t end = TableEnd(blob), first = Random(4) ? sizeof(NnBlobHeader) : 0;
  for (uint32_t i = 1 + Random(3); i > 0; --i) {
    const uint32_t from = Random(6) ? first : end, to = from == end ? static_cast<uint32_t>(length) : end;
    if (from >= to) {
      continue;
    }
    uint8_t* at = blob + from + Random(to - from);
    const uint8_t values[] = {static_cast<uint8_t>(*at + 1), static_cast<uint8_t>(*at - 1),
                              static_cast<uint8_t>(*at ^ 1u << Random(8)), kBytes[Random(sizeof(kBytes))],
                              blob[from + Random(to - from)]};
    *at = values[Random(sizeof(values))];
  }
  return Random(16) ? length : Random(static_cast<uint32_t>(length) + 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: fuzz_graph ROUNDS BLOB...\n");
    return 2;
  }
  static uint8_t intact[kMaxBlob], damaged[kMaxBlob];
  const int rounds = std::atoi(argv[1]);
  int counts[NN_ERROR_LEVEL + 1] = {};
  for (int file = 2; file < argc; ++file) {
    const size_t length = Read(argv[file], intact);
    if (LoadAndRun(intact, length, kDtcmBytes) != NN_OK) {
      std::fprintf(stderr, "fuzz_graph: the intact %s is refused\n", argv[file]);
      return 1;
    }
    for (int round = 0; round < rounds; ++round) {
      std::memcpy(damaged, intact, length);
      const size_t left = Damage(damaged, length);
      ++counts[LoadAndRun(damaged, left, Random(8) ? kDtcmBytes : Random(1 << 14))];
    }
  }
  for (const int count : counts) {
    std::printf("%d ", count);
  }
  std::printf("\n");
  return 0;
}
#endif
