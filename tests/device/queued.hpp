// A system of the device backend that treats its user as a GPU does: its memory cannot be read by the host
// (who does is stopped by the processor), what is asked for happens later, and a recording holds on to the
// pointers and numbers it was made with.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <deque>
#include <functional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/backend/device/operations.hpp"
#include "nwm/backend/device/systems.hpp"
#include "nwm/memory/buffer.hpp"

namespace tools {

/// Pages that are locked while nothing runs.
class Pages {
 public:
  enum class Of { backend, both };  // who may touch them

  Pages(std::size_t bytes, Of of) : size_((bytes + page() - 1) / page() * page()), of_(of) {
    if (size_ == 0) return;
    data_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED) std::abort();
    all().insert(this);
    held() += size_;
    set(of_ == Of::both && !pending());
  }
  Pages(Pages&& other) = delete;
  ~Pages() {
    if (size_ == 0) return;
    all().erase(this);
    held() -= size_;
    munmap(data_, size_);
  }
  void* data() const { return data_; }

  /// Opens everything for what runs; then only what the host may read stays open.
  static void open() {
    for (Pages* p : all()) p->set(true);
  }
  static void close() {
    for (Pages* p : all()) p->set(p->of_ == Of::both);
    pending() = false;
  }
  /// Some of what was asked for has run, and not all.
  static void close_all() {
    for (Pages* p : all()) p->set(false);
  }
  /// Something was asked for: the host must wait.
  static void lock() {
    if (std::exchange(pending(), true)) return;
    for (Pages* p : all()) p->set(false);
  }
  static std::size_t& held() {
    static std::size_t bytes = 0;
    return bytes;
  }

 private:
  static std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }
  static std::set<Pages*>& all() {
    static auto* pages = new std::set<Pages*>;  // outlives every array
    return *pages;
  }
  static bool& pending() {
    static bool some = false;
    return some;
  }
  void set(bool open) const {
    if (mprotect(data_, size_, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) std::abort();
  }

  void* data_ = nullptr;
  std::size_t size_ = 0;
  Of of_;
};

/// What was asked for and has not run.
class Queue {
 public:
  using Task = std::function<void()>;
  static void ask(Task task) {
    Pages::lock();
    if (recorded()) recorded()->push_back(std::move(task));
    else waiting().push_back(std::move(task));
  }
  static void run() {
    if (!waiting().empty()) ++waits();
    run_until(asked());
  }
  /// Runs the first `count` tasks of all that were ever asked for, as far as they have not run.
  static void run_until(std::size_t count) {
    if (recorded()) std::abort();  // a recording cannot wait
    Pages::open();
    for (; done() < count; ++done()) {
      waiting().front()();
      waiting().pop_front();
    }
    if (waiting().empty()) Pages::close();
    else Pages::close_all();
  }
  static std::size_t asked() { return done() + waiting().size(); }
  /// How many tasks have run.
  static std::size_t& done() {
    static std::size_t count = 0;
    return count;
  }
  /// How often the host waited for everything.
  static std::size_t& waits() {
    static std::size_t count = 0;
    return count;
  }
  /// Where tasks go instead, while something is recorded.
  static std::vector<Task>*& recorded() {
    static std::vector<Task>* tasks = nullptr;
    return tasks;
  }

 private:
  static std::deque<Task>& waiting() {
    static std::deque<Task> tasks;
    return tasks;
  }
};

struct Queued {
  static constexpr std::string_view name = "device-queued";
  static constexpr std::size_t scratch_bytes = std::size_t{1} << 16;
  static constexpr std::size_t tile = 256, series_tile = std::size_t{1} << 24;

  /// Zero at first; copies are asked for like everything else.
  template <class Real, Pages::Of of>
  class Array {
   public:
    explicit Array(std::size_t size) : size_(size), pages_(size * sizeof(Real), of) {}
    Array(const Array& other) : Array(other.size_) { Memories::copy(size_, other.data(), data()); }
    Array& operator=(const Array& other) {
      if (this != &other) Memories::copy(size_, other.data(), data());
      return *this;
    }
    ~Array() { Queue::run(); }
    Real* data() { return static_cast<Real*>(pages_.data()); }
    const Real* data() const { return static_cast<const Real*>(pages_.data()); }
    std::size_t size() const { return size_; }

   private:
    std::size_t size_;
    Pages pages_;
  };

  struct Memories {
    static constexpr bool queued = true;
    template <class Real>
    using Memory = Array<Real, Pages::Of::backend>;
    template <class Real>
    using Managed = Array<Real, Pages::Of::both>;
    template <class Real>
    using Staging = nwm::Buffer<Real>;

    static void wait() { Queue::run(); }
    template <class Real>
    static void copy(std::size_t count, const Real* from, Real* to) {
      Queue::ask([=] { nwm::HostMemory::copy(count, from, to); });
    }
    template <class Real>
    static void copy_rows(std::size_t rows, std::size_t n, const Real* from, std::size_t from_stride,
                          Real* to, std::size_t to_stride) {
      Queue::ask([=] { nwm::HostMemory::copy_rows(rows, n, from, from_stride, to, to_stride); });
    }
    template <class Real>
    static void fill(std::size_t count, Real value, Real* to) {
      Queue::ask([=] { nwm::HostMemory::fill(count, value, to); });
    }
    template <class Real>
    static void upload(std::size_t count, const Real* from, Real* to) {
      copy(count, from, to);
    }
    template <class Real>
    static void download(std::size_t count, const Real* from, Real* to) {
      ++downloads();
      copy(count, from, to);
      wait();
    }
    static std::size_t& downloads() {
      static std::size_t count = 0;
      return count;
    }

    class Mark {
     public:
      void set() { at_ = Queue::asked(); }
      /// Runs what comes before, and no more: as much as a card may have done when the host goes on.
      void wait() const {
        waits() += Queue::done() < at_;
        Queue::run_until(at_);
      }
      /// How often something had not run.
      static std::size_t& waits() {
        static std::size_t count = 0;
        return count;
      }

     private:
      std::size_t at_ = 0;
    };

    class CapturedGraph {
     public:
      template <class F>
      void capture(const F& ask) {
        tasks_.clear();
        Queue::recorded() = &tasks_;
        ask();
        Queue::recorded() = nullptr;
      }
      void launch() const {
        ++replays();
        for (const auto& task : tasks_) Queue::ask(task);
      }
      static std::size_t& replays() {
        static std::size_t count = 0;
        return count;
      }

     private:
      std::vector<Queue::Task> tasks_;
    };

    /// Bytes it says are free.
    static std::size_t free_memory() { return room_left(); }
    static std::size_t& room_left() {
      static std::size_t bytes = static_cast<std::size_t>(-1);
      return bytes;
    }
  };

  template <class F>
  static void for_each(std::size_t count, const F& f) {
    Queue::ask([=] { nwm::device::Sequential::for_each(count, f); });
  }
  template <class Body>
  static void run(const Body& body) {
    Queue::ask([=] { nwm::device::Sequential::run(body); });
  }
  template <class Precision, class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, nwm::device::Factor<Real> a,
                      nwm::device::Factor<Real> x, Real* y, std::size_t ldy, bool add) {
    Queue::ask([=] { nwm::device::HostProducts::product<Precision>(M, K, N, a, x, y, ldy, add); });
  }
  template <class T>
  static T* scratch() {
    static auto* array = new Array<double, Pages::Of::backend>(scratch_bytes / sizeof(double));
    return reinterpret_cast<T*>(array->data());
  }
};

}  // namespace tools
