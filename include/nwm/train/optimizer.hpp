// Adam and AdamW: one loop over the flat parameter vector.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nwm/cell/math.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm {

enum class Optimizer { adam, adamw };

struct AdamOptions {
  Optimizer kind = Optimizer::adam;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  ///< adam: added to the gradient (L2); adamw: decoupled (Loshchilov, Hutter 2019)
};

namespace detail {
/// One update of the parameters p and moments m, v; g is the gradient over `gradient_scale`.
template <class Real>
struct AdamUpdate {
  double beta1, beta2, epsilon, gradient_scale, l2, decay, rate, root;
  Real* p;
  const Real* g;
  Real *m, *v;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    using math::sqrt;
    const V value = lane.load(p);
    const V slope = lane.load(g) * V(gradient_scale) + V(l2) * value;
    const V first = V(beta1) * lane.load(m) + V(1 - beta1) * slope;
    const V second = V(beta2) * lane.load(v) + V(1 - beta2) * slope * slope;
    lane.store(m, first);
    lane.store(v, second);
    lane.store(p, value - (V(decay) * value + V(rate) * first / (sqrt(second) / V(root) + V(epsilon))));
  }
};
}  // namespace detail

/// Kingma, Ba 2015, in PyTorch's arithmetic: p -= lr/(1−β1^t) · m / (sqrt(v)/sqrt(1−β2^t) + ε). Slices of the
/// layout that are not trained keep their values, decay included.
template <class Model>
class Adam {
 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;

  explicit Adam(const AdamOptions& options = {}) : options_(options) {}

  /// One update of `parameters` in place; gradient is taken as scaled by `gradient_scale`. Both are memory of
  /// the backend, parameter_count each.
  void step(std::span<Real> parameters, std::span<const Real> gradient, double learning_rate,
            double gradient_scale = 1) {
    step(parameters.data(), gradient.data(), learning_rate, gradient_scale);
  }
  void step(Real* parameters, const Real* gradient, double learning_rate, double gradient_scale = 1) {
    ++steps_;
    const auto t = static_cast<double>(steps_);
    const double rate = learning_rate / (1 - std::pow(options_.beta1, t));
    const double root = std::sqrt(1 - std::pow(options_.beta2, t));
    const bool decoupled = options_.kind == Optimizer::adamw;
    // Decay and step are added up before they meet the parameter, so that it is rounded once an update.
    const double decay = decoupled ? learning_rate * options_.weight_decay : 0;
    const double l2 = decoupled ? 0 : options_.weight_decay;
    for_trained([&](std::size_t begin, std::size_t size) {
      Backend::template map<Real>(
          size, detail::AdamUpdate<Real>{options_.beta1, options_.beta2, options_.epsilon, gradient_scale, l2,
                                         decay, rate, root, parameters + begin, gradient + begin,
                                         first_.data() + begin, second_.data() + begin});
    });
  }

  /// The moments m and v (parameter_count each) and the number of updates: all there is to save.
  std::span<Real> first_moment() { return readable(first_); }
  std::span<Real> second_moment() { return readable(second_); }
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  using Moments = typename Backend::template Managed<Real>;

  /// f(begin, size) for every run of neighbouring slices that are trained.
  template <class F>
  static void for_trained(const F& f) {
    std::size_t begin = 0, end = 0;
    for (const Slice& slice : Model::layout.slices) {
      if (!slice.trained) continue;
      if (slice.offset != end) {
        if (end > begin) f(begin, end - begin);
        begin = slice.offset;
      }
      end = slice.offset + slice.size;
    }
    if (end > begin) f(begin, end - begin);
  }

  static std::span<Real> readable(Moments& moments) {
    Backend::wait();
    return {moments.data(), moments.size()};
  }

  AdamOptions options_;
  Moments first_{Model::parameter_count}, second_{Model::parameter_count};
  std::uint64_t steps_ = 0;
};

}  // namespace nwm
