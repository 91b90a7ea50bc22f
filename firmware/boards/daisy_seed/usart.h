// SPDX-License-Identifier: MIT
// The console port: USART1 on D13/D14, 115 200 baud, 8N1.
#pragma once
#include <cstdint>

namespace lottava::seed {

void UsartInit();

// Next received byte, or -1. Reception runs by DMA into a ring of 256 bytes (22 ms) and interrupts nobody.
int UsartRead();

// True when the byte was taken; false when the 16-byte transmit FIFO is full.
bool UsartWrite(std::uint8_t byte);

// True when every byte has left the line.
bool UsartIsIdle();

}  // namespace lottava::seed
