// Items over threads where an item is large: what is left over by whole rounds is shared by all threads.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "nwm/backend/crew.hpp"
#include "nwm/backend/team.hpp"
#include "nwm/backend/threads.hpp"

namespace nwm {

/// Whether the operations of backend B can be divided over a crew.
template <class B>
inline constexpr bool has_crew = [] {
  if constexpr (requires { B::has_crew; }) return bool{B::has_crew};
  else return false;
}();

/// How many of `items` are left over by whole rounds of `threads`, where dividing each of them pays: where
/// they would leave half of the threads idle or more, as dividing an item takes something, too.
constexpr std::size_t left_over(std::size_t items, std::size_t threads) {
  const std::size_t left = threads > 1 ? items % threads : 0;
  return 2 * left > threads ? 0 : left;
}

/// As parallel_for. But where `threads` would wait for the few that run the last items, and B's operations
/// can be divided, these items run one after the other, each on all threads. So one image trains on all
/// cores, and so do three on two. Whoever runs an item, it has the same bits. `team` is made when it is first
/// needed.
template <class B, class F>
void share_out(std::size_t items, std::size_t threads, std::unique_ptr<Team>& team,
               std::vector<std::exception_ptr>& errors, const F& f) {
  const std::size_t left = has_crew<B> ? left_over(items, threads) : 0;
  if (left == 0) {
    parallel_for(items, threads, errors, f);
    return;
  }
  const std::size_t whole = items - left;
  parallel_for(whole, threads, errors, f);
  if (!team || team->threads() < threads) team = std::make_unique<Team>(threads);
  const Crew crew(*team);
  parallel_for(left, 1, errors, [&](std::size_t item, std::size_t thread) { f(whole + item, thread); });
}

}  // namespace nwm
