// Two bodies that do not depend on each other in one launch: where neither has blocks enough to fill a GPU,
// they fill it together.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/block.hpp"
#include "nwm/backend/device/warp.hpp"

namespace nwm::device {

/// Whether a body has phases of warps.
template <class Body>
inline constexpr bool has_warps = requires { typename Body::template WarpLocal<HostWarp>; };

/// The blocks of `first`, then those of `second`; none of them with phases of warps: nvcc 13.0 adds up the
/// registers of two such bodies (168 and 100 to 251), and fewer blocks run beside each other. A body
/// (block.hpp).
template <class First, class Second>
struct Both {
  static_assert(!has_warps<First> && !has_warps<Second>);
  /// Those that a body has not got wait.
  static constexpr std::size_t threads = First::threads > Second::threads ? First::threads : Second::threads;
  /// What the threads of a block share: that of the body they run.
  struct Shared {
    union {
      typename First::Shared first;
      typename Second::Shared second;
    };
  };
  /// What a thread has for itself: both, no union, so that they stay in registers; a block uses one of them.
  struct Local {
    typename First::Local first;
    typename Second::Local second;
  };
  First first;
  Second second;
  std::size_t blocks;

  constexpr Both(const First& first_, const Second& second_)
      : first(first_), second(second_), blocks(first_.blocks + second_.blocks) {}

  template <class Block>
  constexpr void operator()(Block& block) const {
    if (block.index < first.blocks) {
      Part<Block, First> part{block.index, block.shared.first, block};
      first(part);
    } else {
      Part<Block, Second> part{block.index - first.blocks, block.shared.second, block};
      second(part);
    }
  }

 private:
  /// A block as one of the two sees it.
  template <class Block, class Body>
  struct Part {
    std::size_t index;
    typename Body::Shared& shared;
    Block& block;

    template <class F>
    constexpr void each(const F& f) {
      block.each([&](std::size_t thread, Local& local) {
        if (thread < Body::threads) f(thread, mine(local));
      });
    }
    static constexpr typename Body::Local& mine(Local& local) {
      if constexpr (std::is_same_v<Body, First>) return local.first;
      else return local.second;
    }
  };
};

}  // namespace nwm::device
