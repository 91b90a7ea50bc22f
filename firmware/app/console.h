// SPDX-License-Identifier: MIT
// The module's end of the serial protocol: requests in, replies out. A port has one; all share a store. Runs in the main loop.
//
//   bytes --Receive--> request --> reply at once
//                        |-> point: a reading each new block ------------------------> reply
//                        `-> commit, undo: wait for the flash, write, read back, use -> reply
//
// One request of the last two kinds is pending at a time; others are answered BUSY, a repeat of it is ignored.
#ifndef LOTTAVA_APP_CONSOLE_H_
#define LOTTAVA_APP_CONSOLE_H_

#include <cstddef>
#include <cstdint>

#include "app/averager.h"
#include "app/bench.h"
#include "app/io.h"
#include "app/normalling.h"
#include "app/record.h"
#include "app/store.h"
#include "app/wire.h"

namespace lottava {

// What the board's main loop knows now; a copy, taken so that the audio interrupt can't change it half-way.
constexpr unsigned kMuxNodes = 4;
struct ConsoleInputs {
  uint32_t blocks;                // audio blocks since the start; a change means new codes
  uint16_t cv_codes[LOTTAVA_CVS];  // while the probe is held: as read, with nothing filled in
  uint16_t pot_codes[LOTTAVA_POTS];
  uint16_t node_codes[kMuxNodes];  // normalling node, board ID, buttons, +12 V/10
  float cv_volts[LOTTAVA_CVS];    // calibrated, as the instrument uses them
  float pitch_volts;
  float loudness_db;
  float axes[LOTTAVA_AXES];
  uint8_t gates;                  // bits of wire::Gate
  uint8_t patch_known;
  uint32_t patched;               // bit per jack, in the order of Board.jacks
  uint32_t cycles_mean, cycles_max, missed_blocks;
  uint32_t cpu_hz;
  bool is_taken;                  // another port calibrates
};

// What a calibration holds still; with nothing held the probe is random and the outputs are the instrument's.
struct Held {
  Probe probe;
  bool drives[LOTTAVA_DACS];
  uint16_t codes[LOTTAVA_DACS];  // in 1/16
};

enum class ConsoleAction : uint8_t { kNone, kReboot, kRebootDfu, kFactory };

class Console {
 public:
  // identity: all fields of hello but protocol and record version, which the console sets. A command whose capability
  // is missing there is answered UNSUPPORTED. The store is kept and processed by the caller.
  void Init(const wire::HelloReply& identity, Store* store, const BenchCases& bench = {});

  // Bytes from the port, any at any time. At most one reply a frame.
  void Receive(const uint8_t* bytes, size_t size);

  // Once a turn of the main loop: collects readings, looks after a write.
  void Process(const ConsoleInputs& inputs);

  // Up to `capacity` bytes for the port; returns how many.
  size_t Transmit(uint8_t* to, size_t capacity);

  // What main shall do, once, after the reply has left.
  ConsoleAction TakeAction();

  // From CALIBRATE_BEGIN until it is committed or aborted, or nothing was asked for ten minutes.
  bool calibrating() const { return calibrating_; }

  const Held& held() const { return held_; }

  // Blocks for which the LEDs shall still blink.
  uint32_t identify_blocks() const { return identify_blocks_; }

 private:
  enum class Pending : uint8_t { kNone, kPoint, kWriteStart, kWriting };
  struct Verb {
    wire::Command command;
    size_t size;
    uint32_t needs;
    bool while_pending;
    void (Console::*handle)(const uint8_t* payload);
  };
  static const Verb kVerbs[];

  void HandleFrame(const Frame& frame);
  bool IsRepeat(const Frame& frame);
  void Send(wire::Command command, uint8_t sequence, const void* payload, size_t size);
  void Reply(const void* payload, size_t size) { Send(command_, sequence_, payload, size); }
  void Done() { Reply(nullptr, 0); }
  void Refuse(wire::ErrorCode code, uint8_t detail = 0, uint8_t index = 0);

  void Hello(const uint8_t*);
  void Identify(const uint8_t* payload);
  void Monitor(const uint8_t*);
  void Selftest(const uint8_t*);
  void Bench(const uint8_t*);
  void Reboot(const uint8_t*);
  void RebootDfu(const uint8_t*);
  void Factory(const uint8_t*);
  void BenchCase(const uint8_t* payload);
  void SettingsGet(const uint8_t*);
  void SettingsPut(const uint8_t* payload);
  void CalibrateBegin(const uint8_t* payload);
  void CalibratePoint(const uint8_t* payload);
  void CalibrateCommit(const uint8_t* payload);
  void CalibrateUndo(const uint8_t*);
  void CalibrateRead(const uint8_t*);
  void CalibrateDrive(const uint8_t* payload);
  void CalibrateAbort(const uint8_t*);

  void ProcessCalibration(uint32_t passed);
  void EndCalibration();
  bool RefusePatched();
  void ProcessPoint();
  void ProcessWrite();
  void StartRecord(const RecordImage& record);
  void StartWrite(bool settings);
  void FinishWrite();

  FrameDecoder decoder_;
  ConsoleInputs inputs_;
  wire::HelloReply identity_;
  Store* store_;
  BenchCases bench_;
  bool calibrating_;
  wire::Route route_;
  Held held_;
  uint32_t idle_blocks_, settle_blocks_;
  ConsoleAction action_;
  uint32_t identify_blocks_;

  // The request that is being handled or pending.
  Pending pending_;
  wire::Command command_;
  uint8_t sequence_;
  uint16_t crc_;
  Averager averager_;
  wire::CalibratePointRequest point_;
  union {
    RecordImage record;
    SettingsImage settings;
  } writing_;
  bool writing_settings_;
  uint32_t ticket_;         // of the store
  uint32_t write_started_;  // block

  // The last write that was done: a repeat of it, after a lost reply, gets the same reply and no second write.
  bool has_stored_;
  wire::Command stored_command_;
  uint8_t stored_sequence_;
  uint16_t stored_crc_;
  wire::StoredReply stored_;

  uint8_t transmit_[2 * wire::kMaxEncoded];
  size_t transmit_start_, transmit_end_;
};

}  // namespace lottava

#endif  // LOTTAVA_APP_CONSOLE_H_
