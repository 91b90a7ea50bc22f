// SPDX-License-Identifier: MIT
// A line that bytes come and go by, and the console at its end: the same on USART and USB.
#pragma once
#include <cstdint>

#include "app/console.h"
#include "boards/daisy_seed/usart.h"
#include "boards/daisy_seed/usb.h"

namespace lottava::seed {

struct UsartLine {
  static int Read() { return UsartRead(); }
  static bool Write(std::uint8_t byte) { return UsartWrite(byte); }
  static bool IsIdle() { return UsartIsIdle(); }
};

struct UsbLine {
  static int Read() { return UsbRead(); }
  static bool Write(std::uint8_t byte) { return UsbWrite(byte); }
  static bool IsIdle() { return UsbIsIdle(); }
};

template <class Line>
class Port {
 public:
  void Init(const wire::HelloReply& identity, Store* store, const BenchCases& bench) {
    console_.Init(identity, store, bench);
  }

  const Console& console() const { return console_; }

  // What has come, one byte after the other, and what it asks for.
  void Receive(const ConsoleInputs& inputs) {
    for (int byte = Line::Read(); byte >= 0; byte = Line::Read()) {
      const std::uint8_t received = static_cast<std::uint8_t>(byte);
      console_.Receive(&received, 1);
    }
    console_.Process(inputs);
  }

  // Hands over as much as the line takes.
  void Send() {
    for (;;) {
      if (!is_waiting_) is_waiting_ = console_.Transmit(&waiting_, 1) == 1;
      if (!is_waiting_ || !Line::Write(waiting_)) break;
      is_waiting_ = false;
    }
    const ConsoleAction action = console_.TakeAction();
    if (action != ConsoleAction::kNone) action_ = action;
  }

  // What was asked for, once its reply has left.
  ConsoleAction TakeAction() {
    if (is_waiting_ || !Line::IsIdle()) return ConsoleAction::kNone;
    const ConsoleAction action = action_;
    action_ = ConsoleAction::kNone;
    return action;
  }

 private:
  Console console_;
  std::uint8_t waiting_;
  bool is_waiting_;
  ConsoleAction action_;
};

}  // namespace lottava::seed
