// SPDX-License-Identifier: MIT
// What TinyUSB's driver asks of a chip's header: the two USB cores, their interrupts, and how to switch those.
#ifndef LOTTAVA_STM32H7XX_H_
#define LOTTAVA_STM32H7XX_H_

#include <stdint.h>

typedef enum { OTG_HS_IRQn = 77, OTG_FS_IRQn = 101 } IRQn_Type;  // RM0433 19.1.2

#define USB2_OTG_FS 1
#define USB_OTG_FS_PERIPH_BASE 0x40080000u  // RM0433 2.3.2
#define USB_OTG_HS_PERIPH_BASE 0x40040000u
#define SystemCoreClock 480000000u  // clock.h

static inline void NVIC_EnableIRQ(IRQn_Type irq) {
  *(volatile uint32_t*)(0xE000E100u + 4 * ((uint32_t)irq / 32)) = 1u << ((uint32_t)irq % 32);
}

static inline void NVIC_DisableIRQ(IRQn_Type irq) {
  *(volatile uint32_t*)(0xE000E180u + 4 * ((uint32_t)irq / 32)) = 1u << ((uint32_t)irq % 32);
  __asm volatile("dsb\n isb" ::: "memory");
}

#define __NOP() __asm volatile("nop")

#endif  // LOTTAVA_STM32H7XX_H_
