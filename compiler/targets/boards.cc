// Boards: flash, RAM, clock, and what their usual core and bootloader take.
//
// Reserved amounts are what is gone before the first line of the user's own code:
// - AVR: an empty sketch with Arduino's AVR core 1.8.7 as its builder reports it, plus the
//   bootloader
//   (Uno 512 B, Leonardo and Circuit Playground 4 KB, Mega 8 KB).
// - Other Arduino cores: the same, to about a kilobyte; bootloaders as in each core's boards.txt.
// - ESP32 family: flash outside of the Arduino core's default application partition (1,310,720 B)
//   and
//   256 KB for the core; RAM = chip RAM minus the free heap of ESP-IDF's hello_world (v5.3, without
//   Wi-Fi, as published by Espressif: 298, 322 and 380 KB).
// - ESP8266: the Arduino core's largest sketch is 1,044,464 B, and an empty one uses about 28 KB
//   RAM.
// - Boards without a note on a core: bare metal.
//
// nJ per cycle = typical supply current x supply voltage / clock, from the chip's data sheet, for
// the running core alone; the board's regulators, LEDs and radio are not in it. 0 where no typical
// value at the board's own voltage was at hand.
#include "targets/target.h"

#include <iterator>

namespace thimble {

namespace {

constexpr int64_t kKb = 1024;
constexpr int64_t kMb = 1024 * 1024;
constexpr int64_t kMhz = 1'000'000;

const Board kBoards[] = {
    // ATmega328P: 5.2 mA active at 8 MHz and 5 V (DC characteristics).
    {.name = "uno", .description = "Arduino Uno R3", .family = "avr", .mcu = "atmega328p",
     .flash_bytes = 32 * kKb, .ram_bytes = 2 * kKb,
     .flash_reserved_bytes = 512 + 444, .ram_reserved_bytes = 9, .clock_hz = 16 * kMhz,
     .nj_per_cycle = 3.25, .notes = ""},
    // ATmega32U4: 10 mA active at 8 MHz and 5 V (DC characteristics).
    {.name = "leonardo", .description = "Arduino Leonardo", .family = "avr",
     .mcu = "atmega32u4",
     .flash_bytes = 32 * kKb, .ram_bytes = 2560,
     .flash_reserved_bytes = 4 * kKb + 3620, .ram_reserved_bytes = 149, .clock_hz = 16 * kMhz,
     .nj_per_cycle = 6.25, .notes = "not emulated: USB serial"},
    {.name = "circuitplay32u4", .description = "Adafruit Circuit Playground Classic",
     .family = "avr", .mcu = "atmega32u4", .flash_bytes = 32 * kKb, .ram_bytes = 2560,
     .flash_reserved_bytes = 4 * kKb + 3620, .ram_reserved_bytes = 149, .clock_hz = 8 * kMhz,
     .nj_per_cycle = 0, .notes = "not emulated: USB serial"},
    // ATmega2560: 10 mA active at 8 MHz and 5 V (DC characteristics).
    {.name = "mega2560", .description = "Arduino Mega 2560", .family = "avr",
     .mcu = "atmega2560",
     .flash_bytes = 256 * kKb, .ram_bytes = 8 * kKb,
     .flash_reserved_bytes = 8 * kKb + 656, .ram_reserved_bytes = 9, .clock_hz = 16 * kMhz,
     .nj_per_cycle = 6.25, .notes = ""},
    {.name = "mkrzero", .description = "Arduino MKR Zero", .family = "cortex-m0plus",
     .mcu = "SAMD21G18", .flash_bytes = 256 * kKb, .ram_bytes = 32 * kKb,
     .flash_reserved_bytes = (8 + 11) * kKb,
     .ram_reserved_bytes = 3 * kKb, .clock_hz = 48 * kMhz,
     .nj_per_cycle = 0, .notes = "reserved: Arduino SAMD core, about"},
    {.name = "pico", .description = "Raspberry Pi Pico", .family = "cortex-m0plus",
     .mcu = "RP2040", .flash_bytes = 2 * kMb, .ram_bytes = 264 * kKb,
     .flash_reserved_bytes = 256, .ram_reserved_bytes = 0, .clock_hz = 125 * kMhz,
     .nj_per_cycle = 0, .notes = "bare Pico SDK; not emulated: the flash's cache"},
    {.name = "microbit", .description = "BBC micro:bit v2", .family = "cortex-m4",
     .mcu = "nRF52833", .flash_bytes = 512 * kKb, .ram_bytes = 128 * kKb,
     .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 64 * kMhz,
     .nj_per_cycle = 0, .notes = "bare metal; CODAL and Bluetooth take more"},
    // nRF52840: 3.3 mA at 64 MHz and 3 V, CoreMark from flash with the DC/DC regulator.
    {.name = "nano33ble", .description = "Arduino Nano 33 BLE", .family = "cortex-m4",
     .mcu = "nRF52840", .flash_bytes = 1 * kMb, .ram_bytes = 256 * kKb,
     .flash_reserved_bytes = (64 + 84) * kKb,
     .ram_reserved_bytes = 43 * kKb, .clock_hz = 64 * kMhz,
     .nj_per_cycle = 0.155, .notes = "reserved: Arduino Mbed core, about"},
    // STM32L4R5: 110 uA/MHz in run mode with the LDO, at 3.3 V (data sheet, features).
    {.name = "nucleo-l4r5zi", .description = "STM32 Nucleo-144 L4R5ZI", .family = "cortex-m4",
     .mcu = "STM32L4R5ZI", .flash_bytes = 2 * kMb, .ram_bytes = 640 * kKb,
     .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 120 * kMhz,
     .nj_per_cycle = 0.363, .notes = ""},
    {.name = "nucleo-h743", .description = "STM32 Nucleo-144 H743ZI", .family = "cortex-m7",
     .mcu = "STM32H743ZI", .flash_bytes = 2 * kMb, .ram_bytes = 512 * kKb,
     .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 480 * kMhz,
     .nj_per_cycle = 0, .notes = "RAM is the AXI SRAM alone, the largest piece in one"},
    {.name = "esp32c3", .description = "ESP32-C3-DevKit", .family = "rv32imc",
     .mcu = "ESP32-C3", .flash_bytes = 4 * kMb, .ram_bytes = 400 * kKb,
     .flash_reserved_bytes = 4 * kMb - 1310720 + 256 * kKb,
     .ram_reserved_bytes = (400 - 322) * kKb, .clock_hz = 160 * kMhz,
     .nj_per_cycle = 0, .notes = "not emulated: the flash's cache"},
    {.name = "esp32", .description = "ESP32-DevKitC", .family = "xtensa",
     .mcu = "ESP32", .flash_bytes = 4 * kMb, .ram_bytes = 520 * kKb,
     .flash_reserved_bytes = 4 * kMb - 1310720 + 256 * kKb,
     .ram_reserved_bytes = (520 - 298) * kKb, .clock_hz = 240 * kMhz,
     .nj_per_cycle = 0,
     .notes = "not emulated: register windows, float unit, the flash's cache"},
    {.name = "esp32s3", .description = "ESP32-S3-DevKitC-1", .family = "xtensa",
     .mcu = "ESP32-S3", .flash_bytes = 8 * kMb, .ram_bytes = 512 * kKb,
     .flash_reserved_bytes = 8 * kMb - 1310720 + 256 * kKb,
     .ram_reserved_bytes = (512 - 380) * kKb, .clock_hz = 240 * kMhz,
     .nj_per_cycle = 0,
     .notes = "not emulated: register windows, float and vector units, the flash's cache"},
    // Its flash is read in aligned words only, so the core's linker script puts constants in RAM.
    {.name = "d1mini", .description = "WEMOS D1 mini", .family = "xtensa",
     .mcu = "ESP8266EX", .flash_bytes = 4 * kMb, .ram_bytes = 80 * kKb,
     .flash_reserved_bytes = 4 * kMb - 1044464,
     .ram_reserved_bytes = 28 * kKb, .clock_hz = 80 * kMhz,
     .nj_per_cycle = 0, .notes = "not emulated: 32-bit-only flash reads, the flash's cache",
     .constants_in_ram = true},
    // A PC and a browser have no limit that a model of this kind meets.
    {.name = "pc", .description = "this computer", .family = "host", .mcu = "",
     .flash_bytes = 0, .ram_bytes = 0, .flash_reserved_bytes = 0, .ram_reserved_bytes = 0,
     .clock_hz = 0, .nj_per_cycle = 0, .notes = ""},
    {.name = "browser", .description = "a web browser (WebAssembly)", .family = "wasm32",
     .mcu = "", .flash_bytes = 0, .ram_bytes = 0, .flash_reserved_bytes = 0,
     .ram_reserved_bytes = 0, .clock_hz = 0, .nj_per_cycle = 0,
     .notes = "not emulated: everything; check the C with the target host"},
};

}  // namespace

const std::vector<Board>& all_boards()
{
    static const std::vector<Board> boards(std::begin(kBoards), std::end(kBoards));
    return boards;
}

}  // namespace thimble
