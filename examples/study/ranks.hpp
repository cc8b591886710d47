// Runs dealt out to ranks: rank 0 keeps the journal, every rank trains. Built where CMake has NWM_MPI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "nwm/mpi/communicator.hpp"

namespace study {

/// Whether a launcher of MPI (mpirun, mpiexec, srun) began this program: else MPI is left alone.
bool begun_by_mpi();

/// Threads for a rank: those that its launcher has given it, by binding or OMP_NUM_THREADS, else its share of
/// the machine's, among the ranks there. Every rank calls it.
std::size_t threads_of_a_rank(const nwm::mpi::Communicator& ranks);

/// What rank 0 does about runs, which are known by their numbers. Two threads call these at the same time.
struct Dealing {
  std::function<int()> next;  ///< the next run to be done, −1: none is left
  std::function<std::string(int run)> name;
  std::function<void(int run)> here;              ///< does a run on this rank, from beginning to end
  std::function<void(int run, int rank)> begins;  ///< another rank begins a run
  std::function<void(const std::string& data, const std::string& source, const std::string& fingerprint)>
      loaded;  ///< another rank has read a data set; throws where it is not that of the folder's runs
  std::function<void(int run, int rank, double seconds)> ends;  ///< its files are there
};

/// Deals runs out to all ranks, this one included, until none is left. Where a run fails no other is begun:
/// once those beside it have ended, throws std::runtime_error with its rank, its name and its reason. At
/// SIGTERM, by which mpirun ends all ranks when one dies, says on stderr which rank had which run.
void deal(const nwm::mpi::Communicator& ranks, const Dealing& dealing);

/// Tells the other ranks that there is nothing to do: where rank 0 fails before it deals.
void dismiss(const nwm::mpi::Communicator& ranks);

/// What another rank does.
struct Serving {
  /// Says what has been read; false: not the data of the folder's runs, leave it.
  using Tell =
      std::function<bool(const std::string& data, const std::string& source, const std::string& fingerprint)>;
  std::function<void(int run, const Tell& tell)> perform;  ///< does a run
};

/// Does runs as rank 0 deals them, until it says that none is left.
void serve(const nwm::mpi::Communicator& ranks, const Serving& serving);

}  // namespace study
