# thimble with every compiler and emulator on Debian 12.
#
#   docker build -t thimble .
#   docker run --rm -v "$PWD":/models thimble verify /models/model.tflite --target uno
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        g++ cmake ninja-build libfmt-dev libcli11-dev nlohmann-json3-dev libflatbuffers-dev libsimavr-dev \
        libtomlplusplus-dev libpng-dev dpkg-dev file \
    && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN cmake -G Ninja -S /source -B /build -DCMAKE_BUILD_TYPE=Release -DTHIMBLE_TESTS=OFF \
    && ninja -C /build \
    && cd /build && cpack -G DEB

FROM debian:12
COPY --from=build /build/thimble_*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends /tmp/thimble_*.deb \
        gcc libc6-dev make gcc-avr avr-libc binutils-avr \
        gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm \
        gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc \
        gcc-xtensa-lx106 picolibc-xtensa-lx106-elf \
    && rm -rf /var/lib/apt/lists/* /tmp/thimble_*.deb
WORKDIR /models
ENTRYPOINT ["thimble"]
CMD ["doctor"]
