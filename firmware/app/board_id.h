// SPDX-License-Identifier: MIT
// Which board a Seed sits on, from what multiplexer B shows.
#ifndef LOTTAVA_APP_BOARD_ID_H_
#define LOTTAVA_APP_BOARD_ID_H_

#include <cstdint>

namespace lottava {

// Revision of the board, from 1; 0 is a Seed without one. Codes are those of the ID divider and of the button ladder:
// the ladder is never below 0.40 of the supply, but an open pin reads the same at every address.
uint8_t BoardRevision(uint16_t id_code, uint16_t ladder_code);

}  // namespace lottava

#endif  // LOTTAVA_APP_BOARD_ID_H_
