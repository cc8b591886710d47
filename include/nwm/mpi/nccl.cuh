// Training over GPUs, one a rank: gradients are added by NCCL in the order of the backend's stream, as part
// of the graph that a training step is recorded in. For .cu files only; ranks find each other by MPI.
#pragma once

#include "nwm/push_macros.inc"

#include <cuda_runtime.h>
#include <nccl.h>

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <type_traits>

#include "nwm/backend/device/cuda.cuh"
#include "nwm/error.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/together.hpp"
#include "nwm/mpi/trainer.hpp"

namespace nwm::nccl {

/// Throws Error, naming the call, its file and line, unless `code` is success.
inline void check(ncclResult_t code, const char* call, const char* file, int line) {
  if (code == ncclSuccess) return;
  throw Error(std::string(file) + ":" + std::to_string(line), call, "success", ncclGetErrorString(code));
}
/// Calls NCCL, and throws as nccl::check.
#define NWM_NCCL(call) ::nwm::nccl::check((call), #call, __FILE__, __LINE__)

/// Makes this rank's device the current one, and returns its number: the ranks of one machine take its
/// devices in order. Before anything else of nwm::device::Cuda; all ranks call it. Throws Error on all ranks
/// where a machine has fewer devices than ranks.
inline int take_device(const mpi::Communicator& ranks) {
  MPI_Comm here = MPI_COMM_NULL;
  ranks.require(MPI_Comm_split_type(ranks.get(), MPI_COMM_TYPE_SHARED, ranks.rank(), MPI_INFO_NULL, &here),
                "MPI_Comm_split_type");
  int device = 0, ranks_here = 1;
  MPI_Comm_rank(here, &device);
  MPI_Comm_size(here, &ranks_here);
  MPI_Comm_free(&here);
  mpi::together(ranks, [&] {
    int devices = 0;
    NWM_CUDA(cudaGetDeviceCount(&devices));
    if (devices < ranks_here)
      throw Error("rank " + std::to_string(ranks.rank()), "devices of its machine",
                  "one for each of " + std::to_string(ranks_here) + " ranks", std::to_string(devices));
    NWM_CUDA(cudaSetDevice(device));
  });
  return device;
}

/// Adds numbers of the ranks' devices: the Adder of mpi::RankPasses. A communicator of NCCL, on the device
/// that is current when it is made. All ranks make one at the same time.
class AllReduce {
 public:
  /// Asks, and does not wait.
  static constexpr bool queued = true;

  /// All ranks meet here. Throws Error, naming the call, where NCCL cannot begin.
  explicit AllReduce(const mpi::Communicator& ranks) {
    ncclUniqueId id{};
    mpi::together(ranks, [&] {
      if (ranks.is_first()) NWM_NCCL(ncclGetUniqueId(&id));
    });
    ranks.broadcast(std::as_writable_bytes(std::span(&id, 1)));
    NWM_NCCL(ncclCommInitRank(&comm_, ranks.size(), id, ranks.rank()));
  }
  /// NCCL waits here for graphs that have its calls: they end before it (MicroBatchExecutor has them behind
  /// its share). Where an error is under way the others may never come.
  ~AllReduce() {
    if (std::uncaught_exceptions() > 0) ncclCommAbort(comm_);
    else ncclCommDestroy(comm_);
  }
  AllReduce(const AllReduce&) = delete;
  AllReduce& operator=(const AllReduce&) = delete;

  /// Asks for `values` (memory of the device) of every rank to become their sum over the ranks.
  template <class Real>
  void ask(std::span<Real> values) const {
    static_assert(std::is_same_v<Real, float> || std::is_same_v<Real, double>);
    constexpr ncclDataType_t type = std::is_same_v<Real, float> ? ncclFloat : ncclDouble;
    NWM_NCCL(ncclAllReduce(values.data(), values.data(), values.size(), type, ncclSum, comm_,
                           device::CudaContext::current().stream()));
  }

 private:
  ncclComm_t comm_ = nullptr;
};

/// nwm::mpi::Trainer on GPUs, one a rank: take_device comes first. Sum::fast is the only one there is: a
/// batch's gradients are added image by image in one piece of memory, and then over the ranks.
template <class Model, loss::Loss L = loss::CrossEntropy, optimizer::Optimizer O = optimizer::Adam>
using Trainer = mpi::Trainer<Model, L, O, AllReduce>;

}  // namespace nwm::nccl

#include "nwm/pop_macros.inc"
