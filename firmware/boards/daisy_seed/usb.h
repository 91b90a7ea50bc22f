// SPDX-License-Identifier: MIT
// One USB device, serial and MIDI, at the Seed's own socket or the panel's. Nothing here waits for a host.
//
// The panel's has the device while a host powers it and the Seed's own is not in use; else the Seed's own has it.
#pragma once
#include <cstdint>

namespace lottava::seed {

// After UsartInit and before the main loop: 48 MHz clock, pins, the device at the Seed's own socket. serial: 12 bytes.
void UsbInit(const std::uint8_t* serial);

// Once a turn of the main loop, with the count of audio blocks.
void UsbPoll(std::uint32_t blocks);

// True while a host has set the device up and isn't asleep.
bool UsbIsReady();

// Next byte from the host, or -1.
int UsbRead();

// True when the byte was taken. Without a host every byte is, and is lost.
bool UsbWrite(std::uint8_t byte);

// True when every byte has left for the host.
bool UsbIsIdle();

// Next MIDI event of the host: a code and up to three bytes.
bool UsbReadMidi(std::uint8_t packet[4]);

}  // namespace lottava::seed
