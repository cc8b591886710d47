// Messages under way while their ranks go on working, and ranks as a grid of neighbours.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <span>
#include <vector>

#include "nwm/mpi/communicator.hpp"

namespace nwm::mpi {

/// Sends and receives that are under way together, until wait(). What they read must not change before, and
/// what they write must not be read. The communicator must stay.
class Exchange {
 public:
  /// Nothing is under way yet.
  explicit Exchange(const Communicator& ranks) : ranks_(&ranks) {}
  /// Waits for what is under way: MPI still writes to it.
  ~Exchange() {
    if (!under_way_.empty())
      MPI_Waitall(static_cast<int>(under_way_.size()), under_way_.data(), MPI_STATUSES_IGNORE);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Begins to send `values` to a rank; to MPI_PROC_NULL, nothing.
  template <class T>
  void send(std::span<const T> values, int to, int tag = 0) {
    MPI_Request& request = under_way_.emplace_back(MPI_REQUEST_NULL);
    ranks_->require(MPI_Isend(values.data(), ranks_->count(values.size(), "MPI_Isend"), detail::type<T>(), to,
                              tag, ranks_->get(), &request),
                    "MPI_Isend");
  }
  /// Begins to receive `values` of a rank; of MPI_PROC_NULL, nothing: they stay as they are.
  template <class T>
  void receive(std::span<T> values, int from, int tag = 0) {
    MPI_Request& request = under_way_.emplace_back(MPI_REQUEST_NULL);
    ranks_->require(MPI_Irecv(values.data(), ranks_->count(values.size(), "MPI_Irecv"), detail::type<T>(),
                              from, tag, ranks_->get(), &request),
                    "MPI_Irecv");
  }
  /// Returns when all of them are done.
  void wait() {
    const int status =
        MPI_Waitall(static_cast<int>(under_way_.size()), under_way_.data(), MPI_STATUSES_IGNORE);
    under_way_.clear();
    ranks_->require(status, "MPI_Waitall");
  }

 private:
  const Communicator* ranks_;
  std::vector<MPI_Request> under_way_;
};

/// Ranks as a grid of rows × columns, with neighbours. They keep their numbers: rank 0 stays the one that
/// writes and speaks for all.
class RankGrid : public Communicator {
 public:
  /// Whether the last row (column) is a neighbour of the first.
  struct Periodic {
    bool rows = false;     ///< the first row is below the last
    bool columns = false;  ///< the first column is right of the last
  };

  /// rows × columns must be the ranks of `all`; 0 for either: MPI chooses it, as square as it may be. Throws
  /// Error where that cannot be.
  RankGrid(const Communicator& all, int rows, int columns, Periodic periodic) {
    std::array<int, 2> extent{rows, columns};
    if (rows < 0 || columns < 0 || (rows * columns != 0 && rows * columns != all.size()) ||
        (rows * columns == 0 && all.size() % (rows + columns > 0 ? rows + columns : 1) != 0))
      throw Error("nwm::mpi::RankGrid", "rows x columns", std::to_string(all.size()) + " ranks in all",
                  std::to_string(rows) + " x " + std::to_string(columns));
    all.require(MPI_Dims_create(all.size(), 2, extent.data()), "MPI_Dims_create");
    const std::array<int, 2> closed{periodic.rows, periodic.columns};
    MPI_Comm made = MPI_COMM_NULL;
    all.require(MPI_Cart_create(all.get(), 2, extent.data(), closed.data(), 0, &made), "MPI_Cart_create");
    take(made);
    rows_ = extent[0], columns_ = extent[1];
    require(MPI_Cart_coords(get(), rank(), 2, place_.data()), "MPI_Cart_coords");
  }

  /// Rows of ranks.
  int rows() const { return rows_; }
  /// Columns of ranks.
  int columns() const { return columns_; }
  int row() const { return place_[0]; }  ///< of this rank
  /// The column of this rank.
  int column() const { return place_[1]; }

  /// The rank `dy` rows below and `dx` columns to the right; MPI_PROC_NULL beyond an edge.
  int neighbour(int dy, int dx) const {
    std::array<int, 2> at{place_[0] + dy, place_[1] + dx}, closed{}, extent{}, own{};
    require(MPI_Cart_get(get(), 2, extent.data(), closed.data(), own.data()), "MPI_Cart_get");
    for (std::size_t d = 0; d < 2; ++d)
      if (!closed[d] && (at[d] < 0 || at[d] >= extent[d])) return MPI_PROC_NULL;
    int rank = MPI_PROC_NULL;
    require(MPI_Cart_rank(get(), at.data(), &rank), "MPI_Cart_rank");
    return rank;
  }

 private:
  int rows_ = 1, columns_ = 1;
  std::array<int, 2> place_{};
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
