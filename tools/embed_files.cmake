# Writes OUTPUT, a C++ file that holds every one of FILES (relative to ROOT) as text.
set(body "// Written by tools/embed_files.cmake.\n#include \"emit/device_files.h\"\n\nnamespace thimble {\n\n")
string(APPEND body "const DeviceFile kDeviceFiles[] = {\n")
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} text)
  # A raw string literal is limited to 64 KB by some compilers; ours (gcc, clang) are not.
  string(APPEND body "    {\"${file}\", R\"thimble_file(${text})thimble_file\"},\n")
endforeach()
list(LENGTH FILES count)
string(APPEND body "};\nconst size_t kDeviceFileCount = ${count};\n\n}  // namespace thimble\n")
file(WRITE ${OUTPUT} "${body}")
