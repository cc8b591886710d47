// Ranks that talk to each other: numbers sent, received, broadcast and added, in the words of MPI.
#pragma once

#include "nwm/push_macros.inc"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/mpi/session.hpp"

namespace nwm::mpi {

namespace detail {

/// MPI's word for a number of type T; bytes for std::byte.
template <class T>
MPI_Datatype type() {
  if constexpr (std::is_same_v<T, float>) return MPI_FLOAT;
  else if constexpr (std::is_same_v<T, double>) return MPI_DOUBLE;
  else if constexpr (std::is_same_v<T, char>) return MPI_CHAR;
  else if constexpr (std::is_same_v<T, std::byte>) return MPI_BYTE;
  else if constexpr (std::is_same_v<T, int>) return MPI_INT;
  else if constexpr (std::is_same_v<T, std::int64_t>) return MPI_INT64_T;
  else {
    static_assert(std::is_same_v<T, std::uint64_t>, "MPI is asked for a type that nwm::mpi does not send");
    return MPI_UINT64_T;
  }
}

}  // namespace detail

/// Ranks 0 to size() − 1, one process each, that take part in the same calls. Owns a communicator of MPI of
/// its own, so that its messages meet no others. All throw Error, naming the rank and MPI's call, where MPI
/// reports a failure (where a process died, MPI's launcher usually ends the others first).
class Communicator {
 public:
  /// All processes that mpiexec began. Needs a Session. Every rank calls it, as all constructors.
  static Communicator world() { return Communicator(MPI_COMM_WORLD); }

  /// The same ranks as `other`, apart from its messages.
  explicit Communicator(MPI_Comm other) {
    MPI_Comm made = MPI_COMM_NULL;
    detail::require(MPI_Comm_dup(other, &made), 0, "MPI_Comm_dup");
    take(made);
  }
  ~Communicator() { release(); }
  /// Takes the ranks of `other`, which has none after that.
  Communicator(Communicator&& other) noexcept
      : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}
  /// Exchanges the ranks of the two.
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(comm_, other.comm_);
    rank_ = other.rank_, size_ = other.size_;
    return *this;
  }

  /// This process, from 0 on.
  int rank() const { return rank_; }
  /// All processes.
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }  ///< rank 0, which writes and speaks for all
  /// MPI's own handle, which stays this object's.
  MPI_Comm get() const { return comm_; }

  /// Waits until all ranks are here.
  void barrier() const { require(MPI_Barrier(comm_), "MPI_Barrier"); }

  /// Sets `values` of every rank to those of `root`.
  template <class T>
  void broadcast(std::span<T> values, int root = 0) const {
    constexpr std::size_t most = std::numeric_limits<int>::max();
    for (std::size_t at = 0; at < values.size(); at += most) {
      const std::size_t count = values.size() - at < most ? values.size() - at : most;
      require(MPI_Bcast(values.data() + at, static_cast<int>(count), detail::type<T>(), root, comm_),
              "MPI_Bcast");
    }
  }
  /// Sets a number of every rank to that of `root`.
  template <class T>
  requires std::is_arithmetic_v<T>
  void broadcast(T& value, int root = 0) const {
    broadcast(std::span<T>(&value, 1), root);
  }
  /// Sets a text of every rank to that of `root`.
  void broadcast(std::string& text, int root = 0) const {
    std::uint64_t length = text.size();
    broadcast(length, root);
    text.resize(length);
    broadcast(std::span<char>(text), root);
  }

  /// Sets `values` of every rank to their sum over the ranks, added in an order that MPI chooses.
  template <class T>
  void all_reduce(std::span<T> values) const {
    require(MPI_Allreduce(MPI_IN_PLACE, values.data(), count(values.size(), "MPI_Allreduce"),
                          detail::type<T>(), MPI_SUM, comm_),
            "MPI_Allreduce");
  }

  /// Sets `value` of every rank to the least of all.
  void all_reduce_least(int& value) const {
    require(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MIN, comm_), "MPI_Allreduce");
  }

  /// Sets `all` of every rank to the `mine` of all, one after the other; `counts` are their lengths.
  template <class T>
  void all_gather(std::span<const T> mine, std::span<T> all, std::span<const std::size_t> counts) const {
    std::vector<int> lengths(counts.size()), places(counts.size());
    std::size_t place = 0;
    for (std::size_t r = 0; r < counts.size(); ++r) {
      lengths[r] = count(counts[r], "MPI_Allgatherv");
      places[r] = count(place, "MPI_Allgatherv");
      place += counts[r];
    }
    require(MPI_Allgatherv(mine.data(), count(mine.size(), "MPI_Allgatherv"), detail::type<T>(), all.data(),
                           lengths.data(), places.data(), detail::type<T>(), comm_),
            "MPI_Allgatherv");
  }

  /// Returns when `values` may be changed again; to MPI_PROC_NULL, at once.
  template <class T>
  void send(std::span<const T> values, int to, int tag = 0) const {
    require(MPI_Send(values.data(), count(values.size(), "MPI_Send"), detail::type<T>(), to, tag, comm_),
            "MPI_Send");
  }
  /// Sets `values` to those that rank `from` sends, as many. Returns the rank they came from: from
  /// MPI_ANY_SOURCE it is the one that was first.
  template <class T>
  int receive(std::span<T> values, int from, int tag = 0) const {
    MPI_Status status{};
    require(MPI_Recv(values.data(), count(values.size(), "MPI_Recv"), detail::type<T>(), from, tag, comm_,
                     &status),
            "MPI_Recv");
    return status.MPI_SOURCE;
  }

  /// The rank that has sent a message which waits to be received; −1: none yet. Returns at once, where a
  /// blocking `receive` would keep a core busy.
  int waiting(int from = MPI_ANY_SOURCE, int tag = 0) const {
    int there = 0;
    MPI_Status status{};
    require(MPI_Iprobe(from, tag, comm_, &there, &status), "MPI_Iprobe");
    return there ? status.MPI_SOURCE : -1;
  }

  /// Throws Error, naming this rank and the call, unless MPI's answer is success.
  void require(int status, std::string_view call) const { detail::require(status, rank_, call); }
  /// A length as MPI takes it. Throws Error where it is too long.
  int count(std::size_t numbers, std::string_view call) const {
    if (numbers > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw Error("rank " + std::to_string(rank_), call, "less than 2^31 numbers at once",
                  std::to_string(numbers));
    return static_cast<int>(numbers);
  }

 protected:
  Communicator() = default;
  /// Becomes the owner of a communicator.
  void take(MPI_Comm made) {
    comm_ = made;
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
  }

 private:
  /// Not where MPI has ended, or where an error leaves the others behind: MPI_Comm_free waits for all.
  void release() noexcept {
    if (comm_ == MPI_COMM_NULL || std::uncaught_exceptions() > 0) return;
    int ended = 0;
    MPI_Finalized(&ended);
    if (!ended) MPI_Comm_free(&comm_);
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
};

/// The body of `main` over ranks: begins MPI, calls body(world) and ends MPI; returns main's status. Where
/// the body of a rank throws, its reason is written to stderr after "rank R of N: ", and all ranks end, with
/// status 1: no rank waits for one that is gone.
template <class Body>
int run(int argc, char** argv, const Body& body) {
  const Session session(argc, argv);
  const Communicator world = Communicator::world();
  const auto end_all = [&](const char* reason) {
    std::fprintf(stderr, "rank %d of %d: %s\n", world.rank(), world.size(), reason);
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    return 1;
  };
  try {
    body(world);
    return 0;
  } catch (const std::exception& e) {
    return end_all(e.what());
  } catch (...) {
    return end_all("an exception that is no std::exception");
  }
}

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
