# Libraries from outside; the reason for each stands in docs/dependencies.md.
set(BERTH_DEPS ${CMAKE_SOURCE_DIR}/build/deps CACHE PATH "Where scripts/setup unpacked what apt could not install")

if(NOT EXISTS ${BERTH_DEPS}/boost/usr/include/boost/version.hpp OR NOT EXISTS ${BERTH_DEPS}/models/node_modules)
  message(FATAL_ERROR "Dependencies are missing below ${BERTH_DEPS}: run scripts/setup first")
endif()

add_library(boost INTERFACE)
target_include_directories(boost SYSTEM INTERFACE ${BERTH_DEPS}/boost/usr/include)
target_compile_definitions(boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(EXPAT REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
