// MPI around a program of Boost.Test that mpiexec starts on every rank: each rank runs all cases, in step.
#pragma once

#include <boost/test/unit_test.hpp>

#include "nwm/mpi/communicator.hpp"

namespace ranks {

/// MPI's beginning and end, in argc and argv of nobody.
struct Mpi {
  Mpi() : session(argc, argv) {}
  int argc = 0;
  char** argv = nullptr;
  nwm::mpi::Session session;
};
/// `BOOST_TEST_GLOBAL_FIXTURE(Ranks)` begins MPI before the first case, and ends it after the last.
struct Ranks {
  Mpi mpi;
};

inline nwm::mpi::Communicator world() { return nwm::mpi::Communicator::world(); }

}  // namespace ranks
