// Threads that stay over many short loops, and sleep where they have nothing to do. A loop waits for its
// items and not for threads: one whose core another program has taken holds nobody up while it has no item.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#ifdef _OPENMP
#include <pthread.h>
#else
#include <system_error>
#include <thread>
#endif

namespace nwm {

namespace detail {

/// How often one looks for what it waits for before it sleeps: some ten microseconds.
inline constexpr int patience = 10000;

#ifdef _OPENMP
/// A thread of the system. std::thread would do: with OpenMP <thread> is more to compile for nothing else.
using Thread = ::pthread_t;
/// Whether `thread` now runs work(self).
inline bool start(Thread& thread, void* (*work)(void*), void* self) {
  return ::pthread_create(&thread, nullptr, work, self) == 0;
}
inline void join(Thread& thread) { ::pthread_join(thread, nullptr); }
#else
using Thread = std::thread;
inline bool start(Thread& thread, void* (*work)(void*), void* self) {
  try {
    thread = std::thread(work, self);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}
inline void join(Thread& thread) { thread.join(); }
#endif

}  // namespace detail

/// The caller's thread and more, which share the items of its loops. In a child that `fork` makes the caller
/// is alone, and does everything.
class Team {
 public:
  /// Starts `threads` − 1 threads, or as many as the system allows.
  explicit Team(std::size_t threads) : members_(std::make_unique<Member[]>(threads)), most_(threads) {
    for (; size_ < threads; ++size_) {
      Member& member = members_[size_];
      member.team = this;
      member.index = size_;
      const auto serve = [](void* self) -> void* {
        const auto& m = *static_cast<const Member*>(self);
        m.team->serve(m.index);
        return nullptr;
      };
      if (!detail::start(member.thread, serve, &member)) break;
    }
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team() {
    if (::getpid() != process_) {  // a child has not got the threads, and must not touch them
      (void)members_.release();
      return;
    }
    ended_.store(true, std::memory_order_relaxed);
    publish(0);
    for (std::size_t i = 1; i < size_; ++i) detail::join(members_[i].thread);
  }

  /// The number of threads that were asked for.
  std::size_t threads() const { return most_; }

  /// The number of threads that there are, the caller's with them.
  std::size_t present() const { return ::getpid() == process_ ? size_ : 1; }

  /// How often its threads look for what they wait for before they sleep, from now on.
  void set_patience(int looks) { patience_.store(looks, std::memory_order_relaxed); }

  /// f(item, thread) once for each item < items (below 2^32), in any order, on any of the first `items`
  /// threads. Returns when all are done. f must not throw, nor call `each`.
  template <class F>
  void each(std::size_t items, const F& f) {
    if (items < 2) {
      if (items == 1) f(std::size_t{0}, std::size_t{0});
      return;
    }
    run_.store([](const void* g, std::size_t item,
                  std::size_t thread) { (*static_cast<const F*>(g))(item, thread); },
               std::memory_order_relaxed);
    function_.store(&f, std::memory_order_relaxed);
    items_.store(items, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    publish(((work_.load(std::memory_order_relaxed) >> 32) + 1) << 32 | items);
    take_items(0);
    for (int left = patience_.load(std::memory_order_relaxed);;) {
      const std::uint32_t done = done_.load(std::memory_order_acquire);
      if (done == items) return;
      if (left > 0) --left;
      else done_.wait(done, std::memory_order_acquire);
    }
  }

 private:
  using Run = void (*)(const void*, std::size_t, std::size_t);
  struct Member {
    Team* team = nullptr;
    std::size_t index = 0;
    detail::Thread thread{};
  };

  void publish(std::uint64_t work) {
    work_.store(work, std::memory_order_release);
    loop_.fetch_add(1, std::memory_order_release);
    loop_.notify_all();
  }

  /// Runs items of the loop under way while there are some, the last first.
  void take_items(std::size_t thread) {
    for (;;) {
      std::uint64_t work = work_.load(std::memory_order_acquire);
      const Run run = run_.load(std::memory_order_relaxed);
      const void* const f = function_.load(std::memory_order_relaxed);
      const std::size_t items = items_.load(std::memory_order_relaxed);
      const std::uint64_t left = work & 0xFFFFFFFF;
      if (left == 0 || thread >= items) return;
      // Where this succeeds the item was nobody's, so that the loop was not done and what was read is its
      // own.
      if (!work_.compare_exchange_weak(work, work - 1, std::memory_order_acq_rel)) continue;
      run(f, left - 1, thread);
      done_.fetch_add(1, std::memory_order_release);
      done_.notify_one();
    }
  }

  void serve(std::size_t thread) {
    for (;;) {
      const std::uint32_t loop = loop_.load(std::memory_order_acquire);
      take_items(thread);
      if (ended_.load(std::memory_order_relaxed)) return;
      int left = patience_.load(std::memory_order_relaxed);
      while (left > 0 && loop_.load(std::memory_order_acquire) == loop) --left;
      if (left == 0) loop_.wait(loop, std::memory_order_acquire);
    }
  }

  // The loop's number, which may wrap around, above the items that nobody has taken yet.
  std::atomic<std::uint64_t> work_{0};
  std::atomic<std::uint32_t> loop_{0}, done_{0};
  std::atomic<bool> ended_{false};
  std::atomic<int> patience_{detail::patience};
  std::atomic<Run> run_{nullptr};
  std::atomic<const void*> function_{nullptr};
  std::atomic<std::size_t> items_{0};
  std::unique_ptr<Member[]> members_;  // the first is the caller
  std::size_t most_;
  std::size_t size_ = 1;  // that run
  ::pid_t process_ = ::getpid();
};

}  // namespace nwm
