// SPDX-License-Identifier: MIT
// Device, configuration and strings (USB 2.0 9.6, CDC PSTN 1.2, MIDI 1.0): a serial port and a MIDI port.
#include "usb_descriptors.h"

#include <cstddef>

#include "app/wire.h"
#include "boards/daisy_seed/system.h"
#include "tusb.h"

namespace lottava::seed {
namespace {

// pid.codes keeps this number for tests that aren't sold; a product asks there for one of its own.
constexpr std::uint16_t kVendor = 0x1209, kProduct = 0x0001;
constexpr std::uint16_t kRelease = 0x0001;

enum Text : std::uint8_t { kLanguage, kMakerText, kProductText, kSerialText, kPortText, kMidiText, kTexts };
enum Interface : std::uint8_t { kCdc, kCdcData, kMidi, kMidiStream, kInterfaces };
constexpr std::uint8_t kCdcNotify = 0x81, kCdcOut = 0x02, kCdcIn = 0x82, kMidiOut = 0x03, kMidiIn = 0x83;
constexpr std::uint8_t kPacket = 64;
constexpr std::uint16_t kMilliamps = 250;  // a bare Seed lives from the cable; in a rack none is taken

constexpr tusb_desc_device_t kDevice{
    sizeof(tusb_desc_device_t), TUSB_DESC_DEVICE, 0x0200,
    TUSB_CLASS_MISC, MISC_SUBCLASS_COMMON, MISC_PROTOCOL_IAD,  // interfaces that belong together say so
    CFG_TUD_ENDPOINT0_SIZE, kVendor, kProduct, kRelease, kMakerText, kProductText, kSerialText, 1};

constexpr std::uint16_t kConfigurationBytes = TUD_CONFIG_DESC_LEN + TUD_CDC_DESC_LEN + TUD_MIDI_DESC_LEN;
constexpr std::uint8_t kConfiguration[] = {
    TUD_CONFIG_DESCRIPTOR(1, kInterfaces, 0, kConfigurationBytes, TUSB_DESC_CONFIG_ATT_SELF_POWERED, kMilliamps),
    TUD_CDC_DESCRIPTOR(kCdc, kPortText, kCdcNotify, 8, kCdcOut, kCdcIn, kPacket),
    TUD_MIDI_DESCRIPTOR(kMidi, kMidiText, kMidiOut, kMidiIn, kPacket)};
static_assert(sizeof kConfiguration == kConfigurationBytes, "the length is the sum of the parts");

constexpr char kMaker[] = "lottava";
constexpr std::size_t kSerialDigits = 2 * kUniqueNumberBytes;
char product_[] = "lottava 0000";
char serial_[kSerialDigits + 1];

char Digit(unsigned value) { return "0123456789ABCDEF"[value & 15u]; }

const char* Find(std::uint8_t index) {
  switch (index) {
    case kMakerText:
      return kMaker;
    case kSerialText:
      return serial_;
    case kProductText:
    case kPortText:
    case kMidiText:
      return product_;
    default:
      return nullptr;
  }
}

}  // namespace

void UsbDescribe(const std::uint8_t serial[12]) {
  for (std::size_t i = 0; i < kSerialDigits; ++i) serial_[i] = Digit(serial[i / 2] >> (i % 2 == 0 ? 4 : 0));
  const unsigned short_name = Crc16(serial, kUniqueNumberBytes);
  for (unsigned i = 0; i < 4; ++i) product_[sizeof product_ - 5 + i] = Digit(short_name >> (12 - 4 * i));
}

}  // namespace lottava::seed

extern "C" std::uint8_t const* tud_descriptor_device_cb() {
  return reinterpret_cast<const std::uint8_t*>(&lottava::seed::kDevice);
}

extern "C" std::uint8_t const* tud_descriptor_configuration_cb(std::uint8_t) { return lottava::seed::kConfiguration; }

// UTF-16 behind a header of length and type; text 0 lists the languages, of which there is one.
extern "C" std::uint16_t const* tud_descriptor_string_cb(std::uint8_t index, std::uint16_t) {
  using namespace lottava::seed;
  constexpr std::uint16_t kEnglish = 0x0409;
  static std::uint16_t answer[1 + kSerialDigits];
  std::size_t length = 0;
  if (index == kLanguage) {
    answer[++length] = kEnglish;
  } else {
    const char* text = Find(index);
    if (text == nullptr) return nullptr;
    while (length < kSerialDigits && text[length] != 0) {
      answer[1 + length] = static_cast<std::uint8_t>(text[length]);
      ++length;
    }
  }
  answer[0] = static_cast<std::uint16_t>(TUSB_DESC_STRING << 8 | (2 + 2 * length));
  return answer;
}
