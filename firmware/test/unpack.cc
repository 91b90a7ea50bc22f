// SPDX-License-Identifier: MIT
// The unpacker as a program under sanitizers: for each (size, stream) at standard input its verdict and what came out.
//   in:  u32 size, u32 length, stream      out: u8 verdict, size bytes      (little-endian, until the input ends)
#include <cstdint>
#include <cstdio>
#include <memory>

#include "boards/daisy_seed/unpack.h"

int main() {
  const auto model = std::make_unique<lottava::seed::UnpackModel>();
  std::uint32_t sizes[2];
  while (std::fread(sizes, sizeof sizes, 1, stdin) == 1) {
    // No capacity to spare: what lies outside is poisoned.
    const std::unique_ptr<std::uint8_t[]> out(new std::uint8_t[sizes[0]]()), in(new std::uint8_t[sizes[1]]);
    if (std::fread(in.get(), 1, sizes[1], stdin) != sizes[1]) return 1;
    const bool verdict =
        lottava::seed::Unpack(in.get(), in.get() + sizes[1], out.get(), out.get() + sizes[0], model.get());
    std::putchar(verdict ? 1 : 0);
    std::fwrite(out.get(), 1, sizes[0], stdout);
    std::fflush(stdout);
  }
  return 0;
}
