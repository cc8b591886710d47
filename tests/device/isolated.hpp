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

/// A block whose shared memory begins as NaN. In a phase every thread (of `warps`, every warp) finds what was
/// there when the phase began, and what it changes is put together at the end. Throws std::logic_error where
/// two change the same byte.
template <class Body>
class IsolatedBlock {
  using Shared = typename Body::Shared;
  static_assert(std::is_trivially_copyable_v<Shared>);
  using Bytes = std::array<unsigned char, sizeof(Shared)>;

  std::unique_ptr<Shared> shared_ = std::make_unique<Shared>();
  std::unique_ptr<Bytes> before_ = std::make_unique<Bytes>(), after_ = std::make_unique<Bytes>();
  std::vector<bool> changed_ = std::vector<bool>(sizeof(Shared));
  std::array<typename Body::Local, Body::threads> locals_{};
  using WarpLocal = typename nwm::device::detail::WarpLocalOf<Body, BackwardWarp>::type;
  std::vector<WarpLocal> warp_locals_ = std::vector<WarpLocal>(Body::threads / BackwardWarp::lanes);

 public:
  std::size_t index;
  Shared& shared = *shared_;

  explicit IsolatedBlock(std::size_t number) : index(number) {
    std::memset(static_cast<void*>(shared_.get()), 0xff, sizeof(Shared));
  }
  template <class F>
  void each(const F& f) {
    phase(Body::threads, [&](std::size_t thread) { f(thread, locals_[thread]); });
  }
  template <class F>
  void warps(const F& f) {
    phase(warp_locals_.size(),
          [&](std::size_t warp) { f(BackwardWarp{{static_cast<unsigned>(warp)}}, warp_locals_[warp]); });
  }

 private:
  template <class F>
  void phase(std::size_t count, const F& f) {
    auto* const now = reinterpret_cast<unsigned char*>(shared_.get());
    std::memcpy(before_->data(), now, sizeof(Shared));
    *after_ = *before_;
    changed_.assign(sizeof(Shared), false);
    for (std::size_t i = count; i-- > 0;) {
      f(i);
      constexpr std::size_t stretch = 256;
      for (std::size_t start = 0; start < sizeof(Shared); start += stretch) {
        const std::size_t end = start + stretch < sizeof(Shared) ? start + stretch : sizeof(Shared);
        if (std::memcmp(now + start, before_->data() + start, end - start) == 0) continue;
        for (std::size_t k = start; k < end; ++k) {
          if (now[k] == (*before_)[k]) continue;
          if (changed_[k]) throw std::logic_error("two threads of a phase set one place in shared memory");
          changed_[k] = true;
          (*after_)[k] = now[k];
        }
        std::memcpy(now + start, before_->data() + start, end - start);
      }
    }
    std::memcpy(now, after_->data(), sizeof(Shared));
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
    for (std::size_t index = body.blocks; index-- > 0;) {
      IsolatedBlock<Body> block(index);
      body(block);
    }
  }
};

}  // namespace tools
