// Trainings beside each other on one device, a thread each: the bits that each has alone, and memory that is
// not promised twice.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE device_beside

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "nwm/backend/device/host.hpp"
#include "nwm/error.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/train/micro_batch_executor.hpp"
#include "training.hpp"

namespace {

using Device = nwm::device::Host<nwm::device::Sequential, 4>;

/// A device with little memory that takes its time to say how much is free: two who ask at once are told the
/// same.
struct Little : nwm::device::Sequential {
  static inline std::atomic<std::size_t> room = 0, held = 0;

  template <class Real>
  struct Counted : nwm::Buffer<Real> {
    explicit Counted(std::size_t size) : nwm::Buffer<Real>(size) { held += bytes(); }
    Counted(const Counted& other) : nwm::Buffer<Real>(other) { held += bytes(); }
    Counted& operator=(const Counted&) = default;
    ~Counted() { held -= bytes(); }
    std::size_t bytes() const { return this->size() * sizeof(Real); }
  };
  struct Memories : nwm::HostMemory {
    template <class Real>
    using Memory = Counted<Real>;
    static std::size_t free_memory() {
      const std::size_t free = room - held;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      return free;
    }
  };
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_trainings_have_the_bits_of_each_alone) {
  constexpr nwm::Shape shape{.height = 5,
                             .width = 6,
                             .image_channels = 1,
                             .oscillators = 2,
                             .steps = 4,
                             .classes = 3,
                             .encoder_width = 3};
  using One = tools::Small<Device>;
  using Other = nwm::Cnn<shape, 2, nwm::head::Hidden<6>, Device>;
  const auto one = tools::trained<One>(6);
  const auto other = tools::trained<Other>(6);
  std::remove_const_t<decltype(one)> one_beside;
  std::remove_const_t<decltype(other)> other_beside;
  std::thread beside([&] { one_beside = tools::trained<One>(6); });
  other_beside = tools::trained<Other>(6);
  beside.join();
  BOOST_TEST((one_beside == one));
  BOOST_TEST((other_beside == other));
}

BOOST_AUTO_TEST_CASE(memory_is_not_promised_twice) {
  using Machine = tools::Small<nwm::device::Operations<Little, 4>>;
  using Executor = nwm::MicroBatchExecutor<Machine>;
  const std::size_t pass = Machine::Workspace::bytes(Machine::target_numbers<nwm::loss::CrossEntropy>);
  const std::size_t needed = pass + nwm::MeasuredPasses<Machine, nwm::loss::CrossEntropy>::bytes();
  for (const std::size_t fit : {std::size_t{1}, std::size_t{2}}) {
    Little::room = needed * fit + needed / 2;
    std::array<std::unique_ptr<Executor>, 2> executors;
    std::atomic<std::size_t> refused = 0;
    const auto begin = [&](std::size_t i) {
      try {
        executors[i] = std::make_unique<Executor>(1, 1);
      } catch (const nwm::Error& error) {
        refused += std::string(error.what()).find(nwm::shown_bytes(needed)) != std::string::npos;
      }
    };
    std::thread beside([&] { begin(1); });
    begin(0);
    beside.join();
    BOOST_TEST(refused == 2 - fit);
    BOOST_TEST((executors[0] != nullptr) + (executors[1] != nullptr) == static_cast<int>(fit));
    BOOST_TEST(Little::held >= fit * pass);
  }
  BOOST_TEST(Little::held == 0U);
}
