// MPI from its start to its end, and a program's body that ends on all ranks when one of them fails.
#pragma once

#include "nwm/push_macros.inc"

// The C interface alone: the C++ one is gone from MPI since 2012.
#ifndef OMPI_SKIP_MPICXX
/// Tells Open MPI's header to leave its C++ interface out.
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
/// Tells MPICH's header the same.
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "nwm/error.hpp"

namespace nwm::mpi {

namespace detail {

/// Throws Error, naming the rank, the call and MPI's reason, unless `status` is MPI_SUCCESS.
inline void require(int status, int rank, std::string_view call) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  std::string reason = "status " + std::to_string(status);
  if (MPI_Error_string(status, text.data(), &length) == MPI_SUCCESS)
    reason.assign(text.data(), static_cast<std::size_t>(length));
  throw Error("rank " + std::to_string(rank), call, "success", reason);
}

}  // namespace detail

/// MPI between its constructor and its destructor: one object in `main`, before every communicator. Where
/// the program has begun MPI by itself, it ends it by itself, too. One thread of a rank at a time calls MPI:
/// the one that made this object.
class Session {
 public:
  /// Throws Error where MPI does not begin, or has been ended before, or does not stand other threads
  /// beside the one that calls it.
  Session(int& argc, char**& argv) {
    int begun = 0, ended = 0, level = MPI_THREAD_SINGLE;
    MPI_Initialized(&begun);
    MPI_Finalized(&ended);
    if (ended) throw Error("nwm::mpi::Session", "MPI", "one beginning and one end a program", "a second");
    if (begun) MPI_Query_thread(&level);
    else detail::require(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level), 0, "MPI_Init_thread");
    ours_ = !begun;
    if (level < MPI_THREAD_FUNNELED)
      throw Error("nwm::mpi::Session", "level of threads", "MPI_THREAD_FUNNELED or higher",
                  std::to_string(level));
  }
  ~Session() {
    if (ours_) MPI_Finalize();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  bool ours_ = false;
};

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
