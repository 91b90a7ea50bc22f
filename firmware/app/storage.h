// SPDX-License-Identifier: MIT
// What the console needs of a board's flash: two record slots, written in the background.
#ifndef LOTTAVA_APP_STORAGE_H_
#define LOTTAVA_APP_STORAGE_H_

#include <cstdint>

namespace lottava {

enum class WriteState : uint8_t { kIdle, kBusy, kDone, kFailed };

// Filled by the board. No call waits for the flash.
struct RecordStorage {
  void* context;

  // kRecordBytes of slot 0 or 1 into `to`; false while the flash can't be read, because something is being written.
  bool (*read_slot)(void* context, unsigned slot, uint8_t* to);

  // Erase the slot and write kRecordBytes; the bytes stay valid until the write is over. False when it can't start now.
  bool (*start_write)(void* context, unsigned slot, const uint8_t* bytes);

  // Of the write that was started last.
  WriteState (*write_state)(void* context);
};

}  // namespace lottava

#endif  // LOTTAVA_APP_STORAGE_H_
