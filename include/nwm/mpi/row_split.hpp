// Which rows of a grid belong to which rank.
#pragma once

#include <cstddef>
#include <string>

#include "nwm/error.hpp"

namespace nwm::mpi {

/// `height` rows over `ranks` ranks: rank r has those from first(r) to first(r + 1) − 1, one more or less
/// than the others.
class RowSplit {
 public:
  /// Throws Error where there are more ranks than rows: each needs one.
  RowSplit(std::size_t height, int ranks) : height_(height), ranks_(static_cast<std::size_t>(ranks)) {
    if (ranks < 1 || ranks_ > height_)
      throw Error("nwm::mpi::RowSplit", "ranks", "1 to " + std::to_string(height_) + ", a row each",
                  std::to_string(ranks));
  }

  /// The first row of a rank.
  std::size_t first(int rank) const { return static_cast<std::size_t>(rank) * height_ / ranks_; }
  /// The rows of a rank, at least one.
  std::size_t count(int rank) const { return first(rank + 1) - first(rank); }
  /// The rank that has a row.
  int owner(std::size_t row) const { return static_cast<int>(((row + 1) * ranks_ - 1) / height_); }

 private:
  std::size_t height_, ranks_;
};

}  // namespace nwm::mpi
