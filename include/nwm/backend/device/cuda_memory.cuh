// A GPU backend's memory operations (backend/host_memory.hpp says what they mean).
#pragma once

#include "nwm/push_macros.inc"

#include <cuda_runtime.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "nwm/backend/device/cuda_context.cuh"
#include "nwm/error.hpp"

namespace nwm::device {

namespace detail {

/// Copies (rows, n) from rows from_stride apart to rows to_stride apart; one number per index.
template <class Real>
struct CopyRows {
  std::size_t n, from_stride, to_stride;
  const Real* from;
  Real* to;
  constexpr void operator()(std::size_t i) const {
    to[i / n * to_stride + i % n] = from[i / n * from_stride + i % n];
  }
};
template <class Real>
struct Fill {
  Real value;
  Real* to;
  constexpr void operator()(std::size_t i) const { to[i] = value; }
};

/// OnDevice and the types after it: the memory in which a CudaArray lies.
struct OnDevice {
  static constexpr bool host = false;  // whether only the host's own memset can write it
  static constexpr const char* name = "memory of the device";
  static cudaError_t allocate(void** p, std::size_t bytes) { return cudaMalloc(p, bytes); }
  static void free(void* p) { cudaFree(p); }
};
struct OnBoth {
  static constexpr bool host = false;
  static constexpr const char* name = "memory of host and device";
  static cudaError_t allocate(void** p, std::size_t bytes) { return cudaMallocManaged(p, bytes); }
  static void free(void* p) { cudaFree(p); }
};
struct OnHost {
  static constexpr bool host = true;
  static constexpr const char* name = "pinned memory of the host";
  static cudaError_t allocate(void** p, std::size_t bytes) { return cudaMallocHost(p, bytes); }
  static void free(void* p) { cudaFreeHost(p); }
};

}  // namespace detail

/// An array of a fixed size, zero at first. Copies are made in stream order. Throws Error, with the bytes
/// wanted and free, when memory is short.
template <class Real, class Where>
class CudaArray {
 public:
  explicit CudaArray(std::size_t size) : size_(size) {
    const cudaStream_t stream = CudaContext::current().stream();
    if (size == 0) return;
    void* p = nullptr;
    const cudaError_t code = Where::allocate(&p, bytes());
    if (code == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // clears the error
      std::size_t free = 0, all = 0;
      NWM_CUDA(cudaMemGetInfo(&free, &all));
      throw Error("nwm::device::Cuda", Where::name, shown_bytes(bytes()),
                  shown_bytes(free) + " free of " + shown_bytes(all));
    }
    NWM_CUDA(code);
    data_ = static_cast<Real*>(p);
    if constexpr (Where::host) {
      std::memset(p, 0, bytes());
    } else {
      NWM_CUDA(cudaMemsetAsync(data_, 0, bytes(), stream));
      NWM_CUDA(cudaStreamSynchronize(stream));
    }
  }
  CudaArray(const CudaArray& other) : CudaArray(other.size_) { set(other); }
  CudaArray(CudaArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  CudaArray& operator=(const CudaArray& other) {
    if (this == &other) return *this;
    if (size_ != other.size_) return *this = CudaArray(other);
    set(other);
    return *this;
  }
  CudaArray& operator=(CudaArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~CudaArray() {
    if (data_) Where::free(data_);  // waits until its last use is done
  }

  Real* data() { return data_; }
  const Real* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t bytes() const { return size_ * sizeof(Real); }
  void set(const CudaArray& other) {
    if (size_ == 0) return;
    NWM_CUDA(
        cudaMemcpyAsync(data_, other.data_, bytes(), cudaMemcpyDefault, CudaContext::current().stream()));
  }

  Real* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A sequence of operations, captured once and launched repeatedly as a CUDA graph.
class CudaGraph {
 public:
  CudaGraph() = default;
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;
  ~CudaGraph() { forget(); }

  /// Captures the operations that ask() requests, without running them. ask() must not wait, allocate or
  /// read.
  template <class F>
  void capture(const F& ask) {
    forget();
    const cudaStream_t stream = CudaContext::current().stream();
    cudaGraph_t graph = nullptr;
    NWM_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
      ask();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph) cudaGraphDestroy(graph);
      cudaGetLastError();  // clears the error
      throw;
    }
    NWM_CUDA(cudaStreamEndCapture(stream, &graph));
    const cudaError_t code = cudaGraphInstantiate(&graph_, graph, 0);
    cudaGraphDestroy(graph);
    NWM_CUDA(code);
  }
  void launch() const { NWM_CUDA(cudaGraphLaunch(graph_, CudaContext::current().stream())); }

 private:
  void forget() {
    if (graph_) cudaGraphExecDestroy(graph_);
    graph_ = nullptr;
  }
  cudaGraphExec_t graph_ = nullptr;
};

/// A place in the stream's order (backend/pass.hpp).
class CudaMark {
 public:
  CudaMark() = default;
  CudaMark(const CudaMark&) = delete;
  CudaMark& operator=(const CudaMark&) = delete;
  ~CudaMark() {
    if (event_) cudaEventDestroy(event_);
  }
  void set() {
    const cudaStream_t stream = CudaContext::current().stream();
    if (!event_) NWM_CUDA(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
    NWM_CUDA(cudaEventRecord(event_, stream));
  }
  void wait() const {
    if (event_) NWM_CUDA(cudaEventSynchronize(event_));
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// The memory operations, as in backend/host_memory.hpp.
struct CudaMemories {
  static constexpr bool queued = true;
  template <class Real>
  using Memory = CudaArray<Real, detail::OnDevice>;
  template <class Real>
  using Managed = CudaArray<Real, detail::OnBoth>;
  template <class Real>
  using Staging = CudaArray<Real, detail::OnHost>;
  using CapturedGraph = CudaGraph;
  using Mark = CudaMark;

  static void wait() { NWM_CUDA(cudaStreamSynchronize(CudaContext::current().stream())); }

  /// Runs f(i) for i = 0..count-1 by Thrust on the stream.
  template <class F>
  static void for_each(std::size_t count, const F& f) {
    const thrust::counting_iterator<std::size_t> first(0);
    if (count == 0) return;
    try {
      thrust::for_each(thrust::cuda::par_nosync.on(CudaContext::current().stream()), first,
                       first + static_cast<std::ptrdiff_t>(count), f);
    } catch (const thrust::system_error& e) {
      throw Error("nwm::device::Cuda", "thrust::for_each", "success", e.what());
    }
  }

  template <class Real>
  static void copy(std::size_t count, const Real* from, Real* to) {
    move(count, from, to);
  }
  template <class Real>
  static void copy_rows(std::size_t rows, std::size_t n, const Real* from, std::size_t from_stride, Real* to,
                        std::size_t to_stride) {
    for_each(rows * n, detail::CopyRows<Real>{n, from_stride, to_stride, from, to});
  }
  template <class Real>
  static void fill(std::size_t count, Real value, Real* to) {
    if (value == Real(0) && count > 0)
      NWM_CUDA(cudaMemsetAsync(to, 0, count * sizeof(Real), CudaContext::current().stream()));
    else for_each(count, detail::Fill<Real>{value, to});
  }
  template <class Real>
  static void upload(std::size_t count, const Real* from, Real* to) {
    move(count, from, to);
  }
  template <class Real>
  static void download(std::size_t count, const Real* from, Real* to) {
    move(count, from, to);
    wait();
  }

  /// Free bytes, less a twentieth of all memory, which the driver and cuBLAS may still take.
  static std::size_t free_memory() {
    CudaContext::current();
    std::size_t free = 0, all = 0;
    NWM_CUDA(cudaMemGetInfo(&free, &all));
    return free > all / 20 ? free - all / 20 : 0;
  }

 private:
  template <class Real>
  static void move(std::size_t count, const Real* from, Real* to) {
    if (count > 0)
      NWM_CUDA(cudaMemcpyAsync(to, from, count * sizeof(Real), cudaMemcpyDefault,
                               CudaContext::current().stream()));
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
