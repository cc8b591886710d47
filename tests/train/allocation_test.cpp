// Nothing is allocated while training runs: every way to the heap is counted here, operator new and, where
// the C library lets it be replaced, malloc with its relatives.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE train_allocation

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>
#include <span>
#include <tuple>
#include <vector>

#include "nwm/backend/cpu/simd.hpp"
#include "nwm/loss/sampled_cross_entropy.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define COUNT_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNT_MALLOC 0
#endif
#endif
#if !defined(COUNT_MALLOC) && defined(__GLIBC__)
#define COUNT_MALLOC 1
#endif

namespace {
std::atomic<std::size_t> allocations = 0;

void* counted_or_none(std::size_t size, std::size_t alignment) noexcept {
  ++allocations;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size > 0 ? size : 1);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
void* counted(std::size_t size, std::size_t alignment) {
  void* const p = counted_or_none(size, alignment);
  if (!p) throw std::bad_alloc();
  return p;
}
// Not inlined, lest the compiler hold `new` against `free`.
[[gnu::noinline]] void release(void* p) noexcept { std::free(p); }
}  // namespace

#if COUNT_MALLOC
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* p, std::size_t size) {
  ++allocations;
  return __libc_realloc(p, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** p, std::size_t alignment, std::size_t size) {
  *p = memalign(alignment, size);
  return *p ? 0 : 12;
}
}
#endif

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new[](std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t a) {
  return counted(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a) {
  return counted(size, static_cast<std::size_t>(a));
}
// The library's own would call those above; a sanitizer's do not.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_or_none(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted_or_none(size, 1); }
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted_or_none(size, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted_or_none(size, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { release(p); }
void operator delete[](void* p) noexcept { release(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { release(p); }
void operator delete(void* p, std::size_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t) noexcept { release(p); }
void operator delete(void* p, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::align_val_t) noexcept { release(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { release(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { release(p); }

namespace {

/// Large enough that a dense product by a library would take its buffers from the heap.
using Machine =
    nwm::WaveMachine<nwm::Shape{.height = 24,
                                .width = 23,
                                .image_channels = 1,
                                .oscillators = 2,
                                .steps = 20,
                                .classes = 3,
                                .encoder_width = 8},
                     nwm::readout::Linear, nwm::head::Hidden<64, 64>, nwm::cell::Wave, nwm::cpu::Simd<>>;

using Losses = std::tuple<nwm::loss::CrossEntropy, nwm::loss::SampledCrossEntropy>;

const nwm::data::Dataset& data() {
  static const auto set = tools::blocks(12, 1, 24, 23);
  return set;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  const std::size_t before = allocations;
  ::operator delete(::operator new(sizeof(int)));  // a `new int` may be optimised away
  const std::size_t plain = allocations;
  BOOST_TEST(plain > before);
  { nwm::Buffer<float> buffer(100); }
  BOOST_TEST(allocations > plain);
#if COUNT_MALLOC
  const std::size_t aligned = allocations;
  void* volatile p = std::malloc(10);
  std::free(p);
  BOOST_TEST(allocations == aligned + 1);
#else
  BOOST_TEST_MESSAGE("malloc cannot be counted in this build: only operator new is");
#endif
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_step_allocates_after_the_first, Loss, Losses) {
  for (const std::size_t threads : {1u, 2u}) {
    nwm::Trainer<Machine, Loss> trainer(
        {.batch = 6, .epochs = 1, .clip_norm = 1, .threads = threads, .shards = 4});
    std::vector<std::size_t> batch(6);
    std::iota(batch.begin(), batch.end(), std::size_t{3});
    trainer.step(data(), batch, 10);  // the threads themselves start here
    const std::size_t before = allocations;
    for (int i = 0; i < 3; ++i) trainer.step(data(), batch, 10);
    const std::size_t after = allocations;
    BOOST_TEST(after - before == 0u, after - before << " allocations on " << threads << " threads");
  }
}

BOOST_AUTO_TEST_CASE(an_epoch_of_fit_allocates_nothing_between_its_steps) {
  nwm::Trainer<Machine> trainer({.batch = 3, .epochs = 1, .threads = 2});
  std::vector<std::size_t> counts;
  counts.reserve(10);
  trainer.fit(data(), data(), [&](const nwm::Progress& p) {
    if (!p.epoch_end) counts.push_back(allocations);
  });
  BOOST_TEST_REQUIRE(counts.size() == 4u);
  BOOST_TEST(counts.back() - counts.front() == 0u);
}

// From the first image on: which thread is given an image in which step is for the machine's load to say.
BOOST_AUTO_TEST_CASE_TEMPLATE(scores_and_gradients_of_an_image_allocate_nothing, Loss, Losses) {
  const Machine machine;
  const auto space = std::make_unique<Machine::Workspace>(Machine::target_numbers<Loss>);
  std::vector<float> image(Machine::image_size, 0.5f), scores(Machine::score_size),
      gradient(Machine::parameter_count);
  const std::vector<std::uint8_t> target(Machine::sites, 1);
  const std::span<const float, Machine::image_size> picture(image.data(), image.size());
  const std::size_t before = allocations;
  machine.scores(picture, std::span<float, Machine::score_size>(scores.data(), scores.size()), *space);
  machine.add_gradient(picture, target, 1.0f,
                       std::span<float, Machine::parameter_count>(gradient.data(), gradient.size()), *space,
                       Loss{});
  const std::size_t after = allocations;
  BOOST_TEST(after - before == 0u);
}
