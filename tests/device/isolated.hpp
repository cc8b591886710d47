// A system of the device backend whose threads see nothing of each other before a barrier, as if all ran at
// once: what is a race on a GPU gives other numbers here than on the host, or is told.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "nwm/backend/device/host.hpp"

namespace tools {

/// A warp whose lanes run from the last to the first.
struct BackwardWarp : nwm::device::HostWarp {
  template <class F, class... Fragments>
  void each(const F& f, Fragments&... fragments) const {
    for (unsigned lane = lanes; lane-- > 0;) f(lane, fragments[lane]...);
  }
};

/// The shared memory of blocks that run together; it begins as NaN.
template <class Shared>
class IsolatedMemory {
  static_assert(std::is_trivially_copyable_v<Shared>);
  std::size_t size_;
  std::unique_ptr<Shared[]> now_;
  std::vector<unsigned char> before_, after_;
  std::vector<bool> changed_;

 public:
  explicit IsolatedMemory(std::size_t blocks)
      : size_(blocks * sizeof(Shared)),
        now_(std::make_unique<Shared[]>(blocks)),
        before_(size_),
        after_(size_),
        changed_(size_) {
    std::memset(static_cast<void*>(now_.get()), 0xff, size_);
  }
  Shared& operator[](std::size_t block) const { return now_[block]; }

  /// f(i) for i from count − 1 to 0. Each finds what was there at the beginning, and what it changes is put
  /// together at the end. Throws std::logic_error where two change the same byte, or one a byte of a block
  /// that is not its own: the block of i is i / owners, and with 0 all are.
  template <class F>
  void phase(std::size_t count, const F& f, std::size_t owners = 0) {
    auto* const now = reinterpret_cast<unsigned char*>(now_.get());
    std::memcpy(before_.data(), now, size_);
    after_ = before_;
    changed_.assign(size_, false);
    for (std::size_t i = count; i-- > 0;) {
      f(i);
      constexpr std::size_t stretch = 256;
      for (std::size_t start = 0; start < size_; start += stretch) {
        const std::size_t end = start + stretch < size_ ? start + stretch : size_;
        if (std::memcmp(now + start, before_.data() + start, end - start) == 0) continue;
        for (std::size_t k = start; k < end; ++k) {
          if (now[k] == before_[k]) continue;
          if (owners > 0 && k / sizeof(Shared) != i / owners)
            throw std::logic_error("a thread sets what is another block's");
          if (changed_[k]) throw std::logic_error("two threads of a phase set one place in shared memory");
          changed_[k] = true;
          after_[k] = now[k];
        }
        std::memcpy(now + start, before_.data() + start, end - start);
      }
    }
    std::memcpy(now, after_.data(), size_);
  }
};

/// What a thread and a warp of a body keep.
template <class Body>
struct IsolatedLocals {
  using WarpLocal = typename nwm::device::detail::WarpLocalOf<Body, BackwardWarp>::type;
  std::array<typename Body::Local, Body::threads> thread{};
  std::vector<WarpLocal> warp = std::vector<WarpLocal>(Body::threads / BackwardWarp::lanes);
};

/// A block whose threads (of `warps`, whose warps) are isolated from each other in a phase.
template <class Body>
class IsolatedBlock {
  IsolatedMemory<typename Body::Shared> memory_{1};
  IsolatedLocals<Body> locals_;

 public:
  std::size_t index;
  typename Body::Shared& shared = memory_[0];

  explicit IsolatedBlock(std::size_t number) : index(number) {}
  template <class F>
  void each(const F& f) {
    memory_.phase(Body::threads, [&](std::size_t thread) { f(thread, locals_.thread[thread]); });
  }
  template <class F>
  void warps(const F& f) {
    memory_.phase(locals_.warp.size(), [&](std::size_t warp) {
      f(BackwardWarp{{static_cast<unsigned>(warp)}}, locals_.warp[warp]);
    });
  }
};

/// The same of a cluster: a thread sees nothing of those of the other blocks, either. Throws std::logic_error
/// where a block reaches for another in the first phase, when that may not be there yet.
template <class Body>
class IsolatedCluster {
  IsolatedMemory<typename Body::Shared> memory_{Body::cluster};
  std::vector<IsolatedLocals<Body>> locals_ = std::vector<IsolatedLocals<Body>>(Body::cluster);
  std::size_t index_, phases_ = 0;

 public:
  struct Block {
    std::size_t index;
    unsigned rank;
    typename Body::Shared& shared;
    const IsolatedCluster& cluster;
    typename Body::Shared& of(unsigned other) const {
      if (cluster.phases_ == 0) throw std::logic_error("a block may not be there yet");
      return cluster.memory_[other];
    }
  };

  explicit IsolatedCluster(std::size_t number) : index_(number) {}
  template <class F>
  void each(const F& f, std::size_t owners = 0) {
    memory_.phase(
        Body::cluster * Body::threads,
        [&](std::size_t i) {
          const std::size_t rank = i / Body::threads, thread = i % Body::threads;
          f(Block{index_ * Body::cluster + rank, static_cast<unsigned>(rank), memory_[rank], *this}, thread,
            locals_[rank].thread[thread]);
        },
        owners);
    ++phases_;
  }
  /// Throws where a thread sets what is another block's.
  template <class F>
  void each_own(const F& f) {
    each(f, Body::threads);
  }
};

/// Blocks, threads, lanes and indices from the last to the first, threads of a block isolated.
struct Isolated : nwm::device::Sequential {
  template <class F>
  static void for_each(std::size_t count, const F& f) {
    while (count-- > 0) f(count);
  }
  template <class Body>
  static void run(const Body& body) {
    if constexpr (nwm::device::ClusterBody<Body>) {
      for (std::size_t index = body.blocks / body.cluster; index-- > 0;) {
        IsolatedCluster<Body> cluster(index);
        body(cluster);
      }
    } else {
      for (std::size_t index = body.blocks; index-- > 0;) {
        IsolatedBlock<Body> block(index);
        body(block);
      }
    }
  }
};

}  // namespace tools
