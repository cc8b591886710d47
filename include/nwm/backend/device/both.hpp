// Two bodies that do not depend on each other in one launch: where neither has blocks enough to fill a GPU,
// they fill it together.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nwm/backend/device/block.hpp"

namespace nwm::device {

/// The blocks of `first`, then those of `second`. A body (block.hpp).
template <class First, class Second>
struct Both {
  /// Whole warps; threads that a body has not got wait.
  static constexpr std::size_t threads =
      ((First::threads > Second::threads ? First::threads : Second::threads) + 31) / 32 * 32;
  struct Shared {
    union {
      typename First::Shared first;
      typename Second::Shared second;
    };
  };
  // Not unions, so that they stay in registers; a block uses one of the two.
  struct Local {
    typename First::Local first;
    typename Second::Local second;
  };
  template <class Warp>
  struct WarpLocal {
    typename detail::WarpLocalOf<First, Warp>::type first;
    typename detail::WarpLocalOf<Second, Warp>::type second;
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
    template <class F>
    constexpr void warps(const F& f) {
      block.warps([&](auto warp, auto& local) {
        if (warp.index < Body::threads / 32) f(warp, mine(local));
      });
    }
    template <class L>
    static constexpr auto& mine(L& local) {
      if constexpr (std::is_same_v<Body, First>) return local.first;
      else return local.second;
    }
  };
};

}  // namespace nwm::device
