// Boards: flash, RAM, clock, and what their usual core and bootloader take.
//
// Reserved amounts on AVR are those of an empty sketch with Arduino's AVR core plus the bootloader
// (Uno 512 B, Leonardo and Circuit Playground 4 KB, Mega 8 KB). nJ per cycle = typical
// supply current of the running core at that clock, from the chip's data sheet, x supply voltage /
// clock; the board's regulators, LEDs and radio are not in it.
#include "targets/target.h"

namespace thimble {

namespace {

constexpr int64_t kKb = 1024;
constexpr int64_t kMb = 1024 * 1024;
constexpr int64_t kMhz = 1'000'000;

std::vector<Board> make_boards()
{
    return {
        {.name = "uno", .description = "Arduino Uno R3", .family = "avr", .mcu = "atmega328p",
         .flash_bytes = 32 * kKb, .ram_bytes = 2 * kKb,
         .flash_reserved_bytes = 512 + 444, .ram_reserved_bytes = 9, .clock_hz = 16 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "leonardo", .description = "Arduino Leonardo", .family = "avr", .mcu = "atmega32u4",
         .flash_bytes = 32 * kKb, .ram_bytes = 2560,
         .flash_reserved_bytes = 4 * kKb + 3462, .ram_reserved_bytes = 149, .clock_hz = 16 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: USB serial"},
        {.name = "circuitplay32u4", .description = "Adafruit Circuit Playground Classic",
         .family = "avr", .mcu = "atmega32u4", .flash_bytes = 32 * kKb, .ram_bytes = 2560,
         .flash_reserved_bytes = 4 * kKb + 3462, .ram_reserved_bytes = 149, .clock_hz = 8 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: USB serial"},
        {.name = "mega2560", .description = "Arduino Mega 2560", .family = "avr", .mcu = "atmega2560",
         .flash_bytes = 256 * kKb, .ram_bytes = 8 * kKb,
         .flash_reserved_bytes = 8 * kKb + 656, .ram_reserved_bytes = 9, .clock_hz = 16 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "mkrzero", .description = "Arduino MKR Zero", .family = "cortex-m0plus",
         .mcu = "SAMD21G18", .flash_bytes = 256 * kKb, .ram_bytes = 32 * kKb,
         .flash_reserved_bytes = 8 * kKb, .ram_reserved_bytes = 0, .clock_hz = 48 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "pico", .description = "Raspberry Pi Pico", .family = "cortex-m0plus",
         .mcu = "RP2040", .flash_bytes = 2 * kMb, .ram_bytes = 264 * kKb,
         .flash_reserved_bytes = 256, .ram_reserved_bytes = 0, .clock_hz = 125 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: the flash's cache"},
        {.name = "microbit", .description = "BBC micro:bit v2", .family = "cortex-m4",
         .mcu = "nRF52833", .flash_bytes = 512 * kKb, .ram_bytes = 128 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 64 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "nano33ble", .description = "Arduino Nano 33 BLE", .family = "cortex-m4",
         .mcu = "nRF52840", .flash_bytes = 1 * kMb, .ram_bytes = 256 * kKb,
         .flash_reserved_bytes = 64 * kKb, .ram_reserved_bytes = 0, .clock_hz = 64 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "nucleo-l4r5zi", .description = "STM32 Nucleo-144 L4R5ZI", .family = "cortex-m4",
         .mcu = "STM32L4R5ZI", .flash_bytes = 2 * kMb, .ram_bytes = 640 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 120 * kMhz,
         .nj_per_cycle = 0, .notes = ""},
        {.name = "nucleo-h743", .description = "STM32 Nucleo-144 H743ZI", .family = "cortex-m7",
         .mcu = "STM32H743ZI", .flash_bytes = 2 * kMb, .ram_bytes = 512 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 480 * kMhz,
         .nj_per_cycle = 0, .notes = "RAM is the AXI SRAM alone, the largest piece in one"},
        {.name = "esp32c3", .description = "ESP32-C3-DevKit", .family = "rv32imc",
         .mcu = "ESP32-C3", .flash_bytes = 4 * kMb, .ram_bytes = 400 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 160 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: the flash's cache"},
        {.name = "esp32", .description = "ESP32-DevKitC", .family = "xtensa",
         .mcu = "ESP32", .flash_bytes = 4 * kMb, .ram_bytes = 320 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 240 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: register windows, float unit, the flash's cache"},
        {.name = "esp32s3", .description = "ESP32-S3-DevKitC-1", .family = "xtensa",
         .mcu = "ESP32-S3", .flash_bytes = 8 * kMb, .ram_bytes = 512 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 240 * kMhz,
         .nj_per_cycle = 0,
         .notes = "not emulated: register windows, float and vector units, the flash's cache"},
        {.name = "d1mini", .description = "WEMOS D1 mini", .family = "xtensa",
         .mcu = "ESP8266EX", .flash_bytes = 4 * kMb, .ram_bytes = 80 * kKb,
         .flash_reserved_bytes = 0, .ram_reserved_bytes = 0, .clock_hz = 80 * kMhz,
         .nj_per_cycle = 0, .notes = "not emulated: 32-bit-only flash reads, the flash's cache"},
        // A PC and a browser have no limit that a model of this kind meets.
        {.name = "pc", .description = "this computer", .family = "host", .mcu = "",
         .flash_bytes = 0, .ram_bytes = 0, .flash_reserved_bytes = 0, .ram_reserved_bytes = 0,
         .clock_hz = 0, .nj_per_cycle = 0, .notes = ""},
        {.name = "browser", .description = "a web browser (WebAssembly)", .family = "wasm32",
         .mcu = "", .flash_bytes = 0, .ram_bytes = 0, .flash_reserved_bytes = 0,
         .ram_reserved_bytes = 0, .clock_hz = 0, .nj_per_cycle = 0,
         .notes = "not emulated: everything; check the C with the target host"},
    };
}

}  // namespace

const std::vector<Board>& all_boards()
{
    static const std::vector<Board> boards = make_boards();
    return boards;
}

}  // namespace thimble
