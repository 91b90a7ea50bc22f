// SPDX-License-Identifier: MIT
// The module on a Daisy Seed: wires the chip to the instrument. The audio interrupt plays; the main loop does the rest.
#include <cstring>

#include "app/builtin.h"
#include "app/console.h"
#include "app/midi.h"
#include "app/module.h"
#include "app/phrase.h"
#include "app/store.h"
#include "app/supply.h"
#include "boards/daisy_seed/adc.h"
#include "boards/daisy_seed/audio.h"
#include "boards/daisy_seed/bench.h"
#include "boards/daisy_seed/clock.h"
#include "boards/daisy_seed/dac.h"
#include "boards/daisy_seed/fault.h"
#include "boards/daisy_seed/gates.h"
#include "boards/daisy_seed/gpio.h"
#include "boards/daisy_seed/hang.h"
#include "boards/daisy_seed/leds.h"
#include "boards/daisy_seed/loader.h"
#include "boards/daisy_seed/memory.h"
#include "boards/daisy_seed/panel.h"
#include "boards/daisy_seed/port.h"
#include "boards/daisy_seed/qspi.h"
#include "boards/daisy_seed/revision.h"
#include "boards/daisy_seed/sdram.h"
#include "boards/daisy_seed/startup.h"
#include "boards/daisy_seed/storage.h"
#include "boards/daisy_seed/system.h"
#include "boards/daisy_seed/usart.h"
#include "boards/daisy_seed/usb.h"
#include "boards/daisy_seed/watchdog.h"
#include "generated/board.h"

namespace {

using namespace lottava::seed;

static_assert(kBlockSize == LOTTAVA_BLOCK_SAMPLES && kCvCount == LOTTAVA_CVS, "board and instrument agree");

constexpr std::uint8_t kFirmwareVersion[3] = {0, 1, 0};
constexpr lottava::wire::Capability kCapabilities[] = {
    lottava::wire::Capability::kIdentify, lottava::wire::Capability::kMonitor, lottava::wire::Capability::kReboot,
    lottava::wire::Capability::kSettings, lottava::wire::Capability::kFactory, lottava::wire::Capability::kDfu,
    lottava::wire::Capability::kSelftest, lottava::wire::Capability::kBench, lottava::wire::Capability::kBenchCase,
    lottava::wire::Capability::kCalibrateSource, lottava::wire::Capability::kCalibrateOutput,
    lottava::wire::Capability::kCalibrateReference};
constexpr auto kReference = static_cast<std::uint32_t>(lottava::wire::Capability::kCalibrateReference);

// A boot takes 0.15 s. What hangs while it plays is found by hang.cc, or by the watchdog where that is late.
constexpr std::uint32_t kBootMilliseconds = 1000, kPlayMilliseconds = 250;

// Cycles of the audio interrupts since the start, those of 48 samples together.
struct Meter {
  std::uint32_t blocks, mean, max;
};

// 128 KB of DTCM hold the stack (8), hot weights and states (80) and everything else; 512 KB of AXI SRAM the others.
alignas(32) std::uint8_t dtcm_[80 * 1024];
alignas(32) __attribute__((section(".axi"))) std::uint8_t axi_[448 * 1024];
constexpr NnMemory kMemories[NN_MEMORIES] = {{dtcm_, sizeof dtcm_}, {axi_, sizeof axi_}};
lottava::Module module_;
LottavaInputs inputs_;
LottavaOutputs outputs_;
std::uint32_t quality_;  // of the voice that is loaded
Meter meter_;
std::uint8_t board_;  // revision; 0 is a bare Seed: bench mode
lottava::Phrase phrase_;
lottava::Midi midi_;
lottava::Supply supply_;
lottava::Held held_;
std::uint32_t turns_;  // of the main loop
Qspi qspi_;
lottava::Store store_;
Port<UsartLine> usart_port_;
Port<UsbLine> usb_port_;

// The mean moves by 1/256 of the difference: a quarter of a second.
void Count(std::uint32_t cycles) {
  if (kBlockSize < LOTTAVA_PANEL_SAMPLES) {
    static std::uint32_t sum;
    sum += cycles;
    if (!module_.PanelIsDue()) return;
    cycles = sum;
    sum = 0;
  }
  const std::int32_t difference = static_cast<std::int32_t>(cycles - meter_.mean);
  meter_.mean = meter_.blocks == 0 ? cycles : meter_.mean + static_cast<std::uint32_t>(difference / 256);
  if (cycles > meter_.max) meter_.max = cycles;
  meter_.blocks += 1;
}

// No panel: MIDI plays, before its first note the phrase.
void PlayBench(bool is_due) {
  static lottava::Performance performance;
  if (!is_due) {
    inputs_.gate_edge = 0;
  } else if (const lottava::MidiState midi = midi_.Take(); midi.is_played) {
    lottava::Perform(midi, &performance, &inputs_);
    phrase_.Init();
  } else {
    phrase_.Process(&performance, &inputs_);
  }
  module_.Play(performance, inputs_, &outputs_);
}

void FollowSupply() {
  if (!PanelNormalling().reads_reference()) return;
  supply_.Process(MuxCode(1, lottava::kMuxBNormallingNode));
  module_.SetSupply(supply_.scale());
}

// What a calibration holds an output at; else what the instrument plays.
std::uint16_t DacCode(unsigned output) {
  return held_.drives[output] ? held_.codes[output] : outputs_.dac_codes[output];
}

__attribute__((section(".itcm.main"))) void OnBlock(const lottava::seed::Frame*, lottava::seed::Frame* out) {
  const std::uint32_t start = CycleCount();
  const bool is_due = module_.PanelIsDue();
  if (is_due) ReadPanel(&inputs_);
  if (board_ != 0) {
    if (is_due) {
      FollowSupply();
    } else {
      ReadGateOnly(&inputs_);
    }
    module_.Process(inputs_, &outputs_);
  } else {
    PlayBench(is_due);
  }
  for (unsigned i = 0; i < kBlockSize; ++i) {
    out[i][0] = outputs_.audio[i][0];
    out[i][1] = outputs_.audio[i][1];
  }
  DacWrite(DacCode(LOTTAVA_DAC_PITCH), DacCode(LOTTAVA_DAC_ENV));
  Write(pin::kGateOut, outputs_.gate_out != 0);
  Count(CycleCount() - start);
}

void StartChip() {
  SdramInit();
  MemoryInit();
  CycleCounterInit();
  qspi_.Init();
  Configure(pin::kGateOut, {PinMode::kOutput, Pull::kNone, Speed::kLow, 0});
  GatesInit();
  PanelInit();
  LedsInit();
  UsartInit();
  DacInit();
  AdcStart();
}

void LoadVoice() {
  std::size_t length = 0;
  const void* voice = lottava_builtin_voice(&length);
  module_.LoadVoice(voice, length, kMemories, quality_);
}

void StartInstrument() {
  module_.Init();
  LoadVoice();
  while (AdcScans() < kMuxPositions) {  // the first block sees every knob
  }
  board_ = FindBoard();
  phrase_.Init();
  midi_.Init();
}

void StartConsole(SeedRevision revision, ResetCause cause, const FaultReport& fault) {
  lottava::wire::HelloReply identity{};
  identity.reset_cause = static_cast<std::uint8_t>(cause);
  identity.fault_address = fault.address;
  identity.fault_status = fault.status;
  identity.fault_return = fault.return_address;
  identity.fault_access = fault.access;
  identity.fault_exception = fault.exception;
  identity.board_revision = board_;
  identity.seed_revision = static_cast<std::uint8_t>(revision);
  for (const auto capability : kCapabilities) identity.capabilities |= static_cast<std::uint32_t>(capability);
  if (board_ == 0) identity.capabilities &= ~kReference;  // it is on the board
  std::memcpy(identity.firmware, kFirmwareVersion, sizeof identity.firmware);
  std::memcpy(identity.serial, reinterpret_cast<const void*>(kUniqueNumber), sizeof identity.serial);
  if (module_.voice().loaded()) {
    std::memcpy(identity.graph_sha256, module_.voice().network().graph_sha256, sizeof identity.graph_sha256);
  }
  UsbInit(identity.serial);
  usart_port_.Init(identity, &store_, MakeBenchCases());
  usb_port_.Init(identity, &store_, MakeBenchCases());
}

lottava::ConsoleInputs Snapshot() {
  const InterruptLock lock;
  lottava::ConsoleInputs snapshot{};
  const LottavaTrace& trace = module_.trace();
  snapshot.blocks = meter_.blocks;
  const bool held = PanelNormalling().held();
  for (unsigned i = 0; i < LOTTAVA_CVS; ++i) snapshot.cv_codes[i] = held ? CvCodes()[i] : inputs_.cv_codes[i];
  for (unsigned i = 0; i < lottava::kMuxNodes; ++i) snapshot.node_codes[i] = MuxCode(1, lottava::kMuxBNormallingNode + i);
  std::memcpy(snapshot.pot_codes, inputs_.pot_codes, sizeof snapshot.pot_codes);
  for (unsigned i = 0; i < LOTTAVA_CVS; ++i) {
    snapshot.cv_volts[i] = module_.cv_scaler().cv_volts(static_cast<LottavaCv>(i));
  }
  snapshot.pitch_volts = trace.pitch_volts;
  snapshot.loudness_db = trace.loudness_db;
  std::memcpy(snapshot.axes, trace.axes, sizeof snapshot.axes);
  snapshot.gates = static_cast<std::uint8_t>((inputs_.gate != 0 ? 1 : 0) | (inputs_.freeze != 0 ? 2 : 0) |
                                             (outputs_.gate_out != 0 ? 4 : 0));
  snapshot.patch_known = board_ != 0 && PanelNormalling().known();
  snapshot.patched = PanelNormalling().patched();
  snapshot.cycles_mean = meter_.mean;
  snapshot.cycles_max = meter_.max;
  snapshot.missed_blocks = AudioMissedBlocks();
  snapshot.cpu_hz = kCoreHz;
  return snapshot;
}

void TakeCalibration() {
  LottavaCalibration calibration;
  if (!store_.TakeCalibration(&calibration)) return;
  const InterruptLock lock;
  module_.SetCalibration(calibration);
  supply_.Init(store_.record().reference_code);
}

void TakeSettings() {
  lottava::SettingsImage settings;
  if (!store_.TakeSettings(&settings)) return;
  const InterruptLock lock;
  module_.SetPitchOffset(lottava::SettingsPitchVolts(settings));
  module_.SetGlide(settings.glide);
  PanelHold(settings.hold != 0);
  midi_.Configure(settings.midi_channel, settings.bend_semitones);
}

// A hop fades out, the voice is laid out anew in silence, and a hop fades in.
void TakeQuality() {
  const auto wanted = static_cast<std::uint32_t>(store_.settings().quality);
  {
    const InterruptLock lock;
    module_.Mute(wanted != quality_);
    if (wanted == quality_ || !module_.IsSilent()) return;
    module_.UnloadVoice();
  }
  quality_ = wanted;
  LoadVoice();
}

void TakePanel() {
  lottava::SettingsImage settings = store_.settings();
  if (PanelChange(&settings)) store_.Change(settings);
}

void ResetSettings() {
  lottava::SettingsImage settings;
  lottava::SettingsDefaults(&settings);
  store_.Change(settings);
}

void Obey(lottava::ConsoleAction action) {
  if (action == lottava::ConsoleAction::kReboot) Reset();
  if (action == lottava::ConsoleAction::kRebootDfu) RebootToLoader();
  if (action == lottava::ConsoleAction::kFactory) ResetSettings();
}

void ReceiveMidi() {
  std::uint8_t packet[4];
  while (UsbReadMidi(packet)) {
    const InterruptLock lock;
    midi_.ReceivePacket(packet);
  }
  const InterruptLock lock;
  if (!UsbIsReady()) midi_.Release();
}

void Hold(const lottava::Held& held) {
  const InterruptLock lock;
  held_ = held;
  PanelNormalling().Set(held.probe);
}

void RunConsoles() {
  lottava::ConsoleInputs snapshot = Snapshot();
  UsbPoll(snapshot.blocks);
  ReceiveMidi();
  snapshot.is_taken = usb_port_.console().calibrating();
  usart_port_.Receive(snapshot);
  snapshot.is_taken = usart_port_.console().calibrating();
  usb_port_.Receive(snapshot);
  Hold(snapshot.is_taken ? usart_port_.console().held() : usb_port_.console().held());
  TakePanel();
  store_.Process(snapshot.blocks);
  usart_port_.Send();
  usb_port_.Send();
  TakeCalibration();
  TakeSettings();
  TakeQuality();
  Obey(usart_port_.TakeAction());
  Obey(usb_port_.TakeAction());
}

// What stopped the last run is told for ten seconds; a voice that can't play, for good.
lottava::LedFault FaultToShow(ResetCause cause, std::uint32_t blocks) {
  if (!module_.voice().loaded()) return lottava::LedFault::kNoVoice;
  if (blocks >= 10'000) return lottava::LedFault::kNone;
  return cause == ResetCause::kFault      ? lottava::LedFault::kRestartedByFault
         : cause == ResetCause::kWatchdog ? lottava::LedFault::kRestartedByWatchdog
                                          : lottava::LedFault::kNone;
}

void ShowState(ResetCause cause) {
  const std::uint32_t blocks = *static_cast<volatile std::uint32_t*>(&meter_.blocks);
  const lottava::Console &usart = usart_port_.console(), &usb = usb_port_.console();
  const bool identify = (usart.identify_blocks() | usb.identify_blocks()) != 0;
  LedsShow(lottava::LedPattern({blocks, 0, identify, usart.calibrating() || usb.calibrating(), PanelIsHeld(),
                                board_ == 0, FaultToShow(cause, blocks)}));
}

// Only a main loop that turns while blocks go by keeps the chip from starting anew.
void FeedWatchdog() {
  static std::uint32_t fed;
  const std::uint32_t blocks = *static_cast<volatile std::uint32_t*>(&meter_.blocks);
  if (blocks != fed) WatchdogFeed();
  fed = blocks;
}

}  // namespace

LOTTAVA_FLASH void PrepareChip() {
  EnterLoaderIfAsked();
  WatchdogStart(kBootMilliseconds);
  ClockInit();
}

int main() {
  FaultReport fault;
  const ResetCause cause = FaultInit(&fault);
  StartChip();
  const SeedRevision revision = ReadRevision();
  StartInstrument();
  store_.Init(MakeRecordStorage(&qspi_));
  StartConsole(revision, cause, fault);
  TakeCalibration();
  TakeSettings();
  TakeQuality();
  AudioStart(revision, OnBlock);
  WatchdogStart(kPlayMilliseconds);
  HangWatchStart(&meter_.blocks, &turns_);
  for (;;) {
    RunConsoles();
    ShowState(cause);
    qspi_.Poll();
    FeedWatchdog();
    *static_cast<volatile std::uint32_t*>(&turns_) = turns_ + 1;
    __asm volatile("wfi");
  }
}
