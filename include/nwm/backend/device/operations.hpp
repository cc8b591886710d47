// The device backend's vocabulary, in kernels, bodies and Thrust's words: the same text on a GPU (cuda.cuh)
// and on a processor (host.hpp).
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include "nwm/backend/device/factor.hpp"
#include "nwm/backend/device/folded_adjoint.hpp"
#include "nwm/backend/device/heads.hpp"
#include "nwm/backend/device/lane.hpp"
#include "nwm/backend/device/precision.hpp"
#include "nwm/backend/device/reduce.hpp"
#include "nwm/backend/device/row_sums.hpp"
#include "nwm/backend/device/rows.hpp"
#include "nwm/backend/device/sequences.hpp"
#include "nwm/backend/device/shared_memory.hpp"
#include "nwm/backend/device/stencil_kernels.hpp"
#include "nwm/backend/device/system.hpp"
#include "nwm/backend/device/waves.hpp"
#include "nwm/grid/batched.hpp"

namespace nwm::device {

/// Operations have the meaning given in cpu::Scalar, over grids that may be Batched, in the arithmetic of
/// `Real`, products of float in `Precision` (of couplings where uses_tensor_cores says so). Sums are taken in
/// an order that depends on sizes alone: the same bits on every run of one system, and of all host systems.
/// `System_`: system.hpp. Models take `images` images a pass.
template <System System_, std::size_t images = 1, class Precision = precision::Full>
struct Operations : System_::Memories,
                    Waves<Operations<System_, images, Precision>, Precision>,
                    Sequences<Operations<System_, images, Precision>>,
                    Heads<Operations<System_, images, Precision>, Precision>,
                    RowSums<Operations<System_, images, Precision>, Precision> {
  static constexpr std::string_view name = System_::name;

  /// See pass.hpp.
  template <class G>
  using grid = std::conditional_t<images == 1, G, Batched<G, images>>;
  static constexpr std::size_t tile = System_::tile * images, series_tile = System_::series_tile;
  static constexpr std::size_t head_tile = [] {
    if constexpr (requires { System_::head_tile; }) return System_::head_tile * images;
    else return tile;
  }();

  template <class Real, class Kernel>
  static void map(std::size_t count, const Kernel& kernel) {
    System_::for_each(count, AtLane<Real, Kernel>{kernel});
  }
  template <class Real, class Kernel>
  static void map_rows(std::size_t rows, std::size_t n, const Kernel& kernel) {
    map<Real>(rows * n, kernel);
  }

  template <class Real, class Kernel>
  static void sum_rows(std::size_t rows, std::size_t n, const Kernel& kernel, double* to) {
    reduce<Sum, Real>(rows, n, kernel, SetResult<double>{to});
  }
  template <class Real, class Kernel>
  static void maximum_to(std::size_t count, const Kernel& kernel, Real* to) {
    reduce<Largest<Real>, Real>(1, count, kernel, SetResult<Real>{to});
  }
  template <class Real, class Kernel>
  static double sum(std::size_t count, const Kernel& kernel) {
    return result<Sum, Real>(count, kernel);
  }
  template <class Real, class Kernel>
  static Real maximum(std::size_t count, const Kernel& kernel) {
    return result<Largest<Real>, Real>(count, kernel);
  }

  template <Activation f, class Real>
  static void add_bias(std::size_t rows, std::size_t n, Real* y, std::size_t stride, const Real* bias) {
    map<Real>(rows * n, AddBiases<f, Real>{n, stride, bias, y});
  }

  template <class Real>
  static void add_row_sums(std::size_t rows, std::size_t n, const Real* y, std::size_t stride, Real* to) {
    reduce<Sum, Real>(rows, n, ReadRows<Real>{n, stride, y}, AddResult<Real>{to});
  }

  /// The tiles' parts of the gradient in the parameters, in any precision.
  template <class S, class G>
  static constexpr std::size_t scratch = std::max(GradientKernel<S, G, float, 1, 1, Precision>::scratch,
                                                  GradientKernel<S, G, double, 1, 1, Precision>::scratch);

  template <class S, class G, Activation f, class Real, std::size_t n>
  static void couple(const Real* parameters, const std::array<const Real*, n>& parts, Real* out, Real*) {
    run(StencilKernel<S, G, Direction::forward, Real, n, 1, Set<f, Real>, Precision>{
        parameters, parts, {{out}}});
  }

  template <class S, class G, class Real, std::size_t n>
  static void couple_adjoint(const Real* parameters, const std::array<const Real*, n>& parts,
                             const Real* gradient, const std::array<Real*, n>& part_gradients,
                             Real* parameter_gradient, Real* scratch_) {
    if (std::any_of(part_gradients.begin(), part_gradients.end(),
                    [](const Real* p) { return p != nullptr; })) {
      if constexpr (S::size == 1 || S::Boundary::self_adjoint)
        run(StencilKernel<S, G, Direction::adjoint, Real, 1, n, AddTo<Real, n>, Precision>{
            parameters, {gradient}, {part_gradients}});
      else map<Real>(S::in * G::sites, FoldedAdjoint<S, G, Real, n>{parameters, gradient, part_gradients});
    }
    if (!parameter_gradient) return;
    run(Operations::template couple_gradient<S, G>(parts, gradient, scratch_));
    const auto* const partial = static_cast<const Real*>(scratch_);
    Operations::join_gradients(
        std::array{Operations::template gradient_parts<S, G, n>(partial, parameter_gradient)});
  }

  template <std::size_t M, std::size_t K, std::size_t N, bool add = false, class Real>
  static void multiply(const Real* a, std::size_t lda, const Real* x, std::size_t ldx, Real* y,
                       std::size_t ldy) {
    product(M, K, N, Factor<Real>{a, lda}, Factor<Real>{x, ldx}, y, ldy, add);
  }
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_transposed(const Real* a, std::size_t lda, const Real* y, std::size_t ldy, Real* x,
                                  std::size_t ldx) {
    product(K, M, N, Factor<Real>{a, lda, true}, Factor<Real>{y, ldy}, x, ldx, false);
  }
  template <std::size_t M, std::size_t K, std::size_t N, class Real>
  static void multiply_outer(const Real* y, std::size_t ldy, const Real* x, std::size_t ldx, Real* a,
                             std::size_t lda) {
    product(M, N, K, Factor<Real>{y, ldy}, Factor<Real>{x, ldx, true}, a, lda, true);
  }

  /// The blocks of a body (block.hpp). Throws Error where a block of it needs more shared memory than the
  /// present device has.
  template <class Body>
  static void run(const Body& body) {
    // 48 KiB are there on every device there is.
    if constexpr (sizeof(typename Body::Shared) > 48 * 1024)
      require_shared_memory(sizeof(typename Body::Shared), shared_memory());
    System_::run(body);
  }
  /// Bytes of shared memory that a block can have.
  static std::size_t shared_memory() {
    if constexpr (requires { System_::shared_memory(); }) return System_::shared_memory();
    else return shared_limit;
  }
  /// Multiprocessors of the present device, where the system says.
  static std::size_t multiprocessors()
  requires requires { System_::multiprocessors(); }
  {
    return System_::multiprocessors();
  }
  /// Clusters of a body (cluster.hpp) that run at once; 0 where none does.
  template <class Body>
  static std::size_t clusters() {
    if constexpr (requires { System_::template clusters<Body>(); }) return System_::template clusters<Body>();
    else return 0;
  }
  /// How all steps of a machine's Segment (WaveMachine, SequenceMachine) run on the present device, forward
  /// or back: in one launch where state and weights fit in a block's shared memory. The other way gives the
  /// same numbers within rounding, and takes longer.
  template <class Segment, bool back>
  static StepsChoice steps_choice() {
    if constexpr (Segment::direct) return Operations::template wave_choice<Segment, back>();
    else return Operations::template sequence_choice<Segment, back>();
  }

 private:
  template <class T>
  static constexpr std::size_t capacity = System_::scratch_bytes / sizeof(T);

  template <class Real>
  static void product(std::size_t M, std::size_t K, std::size_t N, Factor<Real> a, Factor<Real> x, Real* y,
                      std::size_t ldy, bool add) {
    System_::template product<Precision>(M, K, N, a, x, y, ldy, add);
  }

  /// finish(r, result) for every row; the last number of the scratch memory stays free.
  template <class Op, class Real, class Kernel, class Finish>
  static void reduce(std::size_t rows, std::size_t n, const Kernel& kernel, const Finish& finish) {
    using Value = typename Op::Value;
    if (rows == 0) return;
    const std::size_t sections = sections_of(rows, n, capacity<Value> - 1);
    if (sections == 1) {
      run(ReduceSections<Op, Lane<Real>, Kernel, Finish>{rows, 1, n, kernel, finish});
      return;
    }
    Value* const parts = System_::template scratch<Value>();
    run(ReduceSections<Op, Lane<Real>, Kernel, SetResult<Value>>{
        rows * sections, sections, n, kernel, {parts}});
    run(ReduceSections<Op, Lane<Value>, ReadParts<Value>, Finish>{rows, 1, sections, {parts}, finish});
  }

  template <class Op, class Real, class Kernel>
  static typename Op::Value result(std::size_t count, const Kernel& kernel) {
    using Value = typename Op::Value;
    Value* there = System_::template scratch<Value>() + capacity<Value> - 1;
    reduce<Op, Real>(1, count, kernel, SetResult<Value>{there});
    Value here = Op::start();
    Operations::download(1, static_cast<const Value*>(there), &here);
    return here;
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
