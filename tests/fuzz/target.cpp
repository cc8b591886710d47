#include "target.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "nwm/error.hpp"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define NWM_FUZZ_COUNTS_MEMORY
#endif
#endif
#ifdef __SANITIZE_ADDRESS__  // g++'s word for it
#define NWM_FUZZ_COUNTS_MEMORY
#endif
#ifdef NWM_FUZZ_COUNTS_MEMORY  // as sanitizer/allocator_interface.h has them, which g++ does not bring along
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*, std::size_t),
                                                         void (*freed)(const volatile void*));
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void* memory);
#endif

namespace fuzz {
namespace {

constexpr long long memory_limit = 64LL << 20;  // bytes over the size of the file
constexpr double time_limit = 1;                // seconds of processor time

std::atomic<long long> memory = 0, most_memory = 0;  // bytes in use, and the most of a run

/// Counts what the program has from here on. Without the address sanitizer nothing is counted.
void count_memory() {
#ifdef NWM_FUZZ_COUNTS_MEMORY
  static const int counting = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t size) {
        const long long now = memory += static_cast<long long>(size);
        if (now > most_memory) most_memory = now;
      },
      [](const volatile void* p) {
        if (p) memory -= static_cast<long long>(__sanitizer_get_allocated_size(p));
      });
  require(counting > 0, "hooks of the address sanitizer");
#endif
}

[[noreturn]] void finding(const std::string& text) {
  std::fprintf(stderr, "finding: %s\n", text.c_str());
  std::abort();
}

}  // namespace

File::File(const char* name) : path_(name), handle_(::open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  require(handle_ >= 0, "a working folder that can be written in");
}

File::~File() { ::close(handle_); }

const std::string& File::put(Bytes bytes) {
  const auto size = static_cast<::ssize_t>(bytes.size());
  require(::pwrite(handle_, bytes.data(), bytes.size(), 0) == size && ::ftruncate(handle_, size) == 0,
          "a file that can be written");
  return path_;
}

const std::string& File::put(std::string_view text) {
  return put(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Pair halves(Bytes bytes) {
  const std::size_t start = std::min<std::size_t>(bytes.size(), 2);
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 0;) length = length << 8 | bytes[i];
  const Bytes rest = bytes.subspan(start);
  length = std::min(length, rest.size());
  return {rest.first(length), rest.subspan(length)};
}

void require(bool holds, const char* promise) {
  if (!holds) finding(std::string("not kept: ") + promise);
}

bool accepts(const Target& target, Bytes file) {
  count_memory();
  const long long before = memory;
  most_memory = before;
  const std::clock_t start = std::clock();
  bool accepted = true;
  try {
    target.read(file);
  } catch (const nwm::Error&) {
    accepted = false;
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  if (seconds > time_limit) finding(std::to_string(seconds) + " s of processor time");
  const long long over = most_memory - before - static_cast<long long>(file.size());
  if (over > memory_limit) finding(std::to_string(over) + " bytes of memory over the size of the file");
  return accepted;
}

const Target& target_named(std::string_view name) {
  for (const Target& target : targets())
    if (target.name == name) return target;
  std::printf("The targets:\n");
  for (const Target& target : targets())
    std::printf("%.*s\n", static_cast<int>(target.name.size()), target.name.data());
  std::exit(2);
}

}  // namespace fuzz
