// What all ranks must find in order: where one does not, all end with its reason, and none waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/mpi/communicator.hpp"

namespace nwm::mpi {

/// Calls look() on every rank. Where it throws Error or Unstable on some, all ranks throw that of the first
/// of them. Every rank calls it.
template <class Look>
void together(const Communicator& ranks, const Look& look) {
  enum : std::uint64_t { fine, error, unstable };
  std::uint64_t mine = fine;
  std::string text[4];
  const auto keep = [&](std::uint64_t kind, const Error& e) {
    mine = kind;
    text[0] = e.where(), text[1] = e.field(), text[2] = e.expected(), text[3] = e.found();
  };
  try {
    look();
  } catch (const Unstable& e) {
    keep(unstable, e);
  } catch (const Error& e) {
    keep(error, e);
  }
  std::vector<std::uint64_t> all(static_cast<std::size_t>(ranks.size()));
  const std::vector<std::size_t> one_each(all.size(), 1);
  ranks.all_gather(std::span<const std::uint64_t>(&mine, 1), std::span(all), one_each);
  for (std::size_t r = 0; r < all.size(); ++r) {
    if (all[r] == fine) continue;
    for (std::string& part : text) ranks.broadcast(part, static_cast<int>(r));
    if (all[r] == unstable) throw Unstable(text[0], text[1], text[2], text[3]);
    throw Error(text[0], text[1], text[2], text[3]);
  }
}

}  // namespace nwm::mpi
