// SPDX-License-Identifier: MIT
// What the store needs of a board's flash: sectors, read at once and written in the background.
#ifndef LOTTAVA_APP_STORAGE_H_
#define LOTTAVA_APP_STORAGE_H_

#include <cstddef>
#include <cstdint>

namespace lottava {

enum class WriteState : uint8_t { kIdle, kBusy, kDone, kFailed };

// Filled by the board. No call waits for the flash.
struct RecordStorage {
  void* context;

  // The first `size` bytes of a sector; false while the flash can't be read, because something is being written.
  bool (*read)(void* context, unsigned sector, void* to, size_t size);

  // Erase the sector and write `size` bytes; they stay valid until the write is over. False when it can't start now.
  bool (*start_write)(void* context, unsigned sector, const void* bytes, size_t size);

  // Of the write that was started last.
  WriteState (*write_state)(void* context);
};

}  // namespace lottava

#endif  // LOTTAVA_APP_STORAGE_H_
