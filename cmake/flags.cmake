# Warnings, determinism and sanitizer flags, the same for every target.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # -O3 gains nothing here and builds a quarter longer
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-restrict)  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105329)
endif()
if(BERTH_WERROR)
  add_compile_options(-Werror)
endif()
if(BERTH_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(BERTH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(CMAKE_BUILD_TYPE STREQUAL Release)
  # Packed relocations are a megabyte less to read at each start; mold does not mark them for Debian's loader.
  add_link_options(-Wl,-z,pack-relative-relocs -Wl,--gc-sections)
elseif(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What handles a request or a tick now and then is compiled for size: a third less to load, a quarter less to wait for.
function(berth_compile_for_size target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Os>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With -Os g++ 12 takes the value of an empty std::optional for read (GCC bug 80635).
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
  endif()
endfunction()
