// The rows that a rank needs of others: those above and below its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "nwm/memory/buffer.hpp"
#include "nwm/mpi/exchange.hpp"
#include "nwm/mpi/row_split.hpp"

namespace nwm::mpi {

/// The row above a rank's own rows of a grid G, and the row below, of up to `most` planes at a time. Beyond
/// the edges of the grid they are what its boundary names, whichever rank has it, or zero.
template <class G, class Real>
class RowHalo {
  static constexpr std::size_t width = G::width;

 public:
  /// Allocates the rows. `most`: planes exchanged at a time.
  RowHalo(const RankGrid& ranks, const RowSplit& split, std::size_t most)
      : exchange_(ranks), above_(most * width), below_(most * width) {
    constexpr auto height = static_cast<std::ptrdiff_t>(G::height);
    const int rank = ranks.rank(), last = ranks.size() - 1;
    const std::size_t first = split.first(rank), end = split.first(rank + 1);
    // Of the inner borders, then of the two edges.
    if (rank < last) sent_.push_back({end - 1 - first, ranks.neighbour(1, 0), from_above});
    if (rank > 0) sent_.push_back({0, ranks.neighbour(-1, 0), from_below});
    from_[from_above] = rank > 0 ? ranks.neighbour(-1, 0) : MPI_PROC_NULL;
    from_[from_below] = rank < last ? ranks.neighbour(1, 0) : MPI_PROC_NULL;
    const auto edge = [&](std::ptrdiff_t source, int whose, int side) {
      if (source < 0) return;
      const auto row = static_cast<std::size_t>(source);
      if (split.owner(row) == rank) sent_.push_back({row - first, whose, side});
      if (whose == rank) from_[side] = split.owner(row);
    };
    edge(G::Boundary::source(-1, height), 0, from_above);
    edge(G::Boundary::source(height, height), last, from_below);
    own_ = rank;
    packed_ = Buffer<Real>(sent_.size() * most * width);
  }

  /// Begins to exchange rows of `planes` planes; row(plane, r) is the rank's own row r. The rows are copied
  /// first: they may change at once.
  template <class Row>
  void begin(std::size_t planes, const Row& row) {
    const std::size_t size = planes * width;
    for (int side = 0; side < 2; ++side)
      if (from_[side] != MPI_PROC_NULL && from_[side] != own_)
        exchange_.receive(std::span<Real>(side == from_above ? above_.data() : below_.data(), size),
                          from_[side], side);
    Real* to = packed_.data();
    for (const Sent& sent : sent_) {
      Real* const start = sent.rank != own_ ? to : sent.side == from_above ? above_.data() : below_.data();
      for (std::size_t p = 0; p < planes; ++p) std::copy_n(row(p, sent.row), width, start + p * width);
      if (sent.rank == own_) continue;
      exchange_.send(std::span<const Real>(to, size), sent.rank, sent.side);
      to += size;
    }
  }
  /// Returns when the rows of others are here.
  void wait() { exchange_.wait(); }

  /// The row above the rank's first, and the row below its last, of a plane.
  const Real* above(std::size_t plane) const { return above_.data() + plane * width; }
  /// The row below its last.
  const Real* below(std::size_t plane) const { return below_.data() + plane * width; }
  /// Bytes that this rank sends for each plane.
  std::size_t bytes_sent() const {
    const auto others =
        std::count_if(sent_.begin(), sent_.end(), [&](const Sent& s) { return s.rank != own_; });
    return static_cast<std::size_t>(others) * width * sizeof(Real);
  }

 private:
  // The tags of messages: which side of its rows they are to the one who receives them.
  static constexpr int from_above = 0, from_below = 1;
  struct Sent {
    std::size_t row;
    int rank, side;
  };

  Exchange exchange_;
  Buffer<Real> above_, below_, packed_;
  std::vector<Sent> sent_;
  int from_[2]{MPI_PROC_NULL, MPI_PROC_NULL};
  int own_ = 0;
};

}  // namespace nwm::mpi
