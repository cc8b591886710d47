// What an optimiser is: a policy that says how one parameter moves, given its gradient. An optimiser O is a
// trivially copyable struct; its members are its options.
//
//   name                  what files and errors call it
//   state                 an array of names: the numbers kept for each parameter from step to step, zero at
//                         first. Files know them by these names, which differ
//   check()               throws Error, naming the option, where the options make no sense
//   options(f)            f(name, value) for each option: what a resumed run must have the same. An optimiser
//                         derived from another, with members of its own, states its own
//   rule(t, rate)         what step t = 1, 2, … does at the learning rate: a kernel-safe callable
//                         rule(p, g, s) -> the new p, for p, g of any value type V (a number or a pack of
//                         them) and s, a std::array<V, state.size()> that it updates. It is constexpr,
//                         calls the functions of nwm::math, writes constants as V(0.5) and does not branch
//                         on values
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nwm/backend/kernels.hpp"
#include "nwm/backend/probe.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/options.hpp"

namespace nwm::optimizer {

using nwm::require_option;

/// What `rule` of optimiser O answers.
template <class O>
using RuleOf = decltype(std::declval<const O&>().rule(std::uint64_t{1}, 0.1));

/// A rule for values of type V, n of them kept. It is compiled when it is asked for, so that what a
/// kernel::ProbeValue tells is told there, and not deep in a backend.
template <class Rule, class V, std::size_t n>
concept RuleFor = requires(const Rule& rule, const V& v, std::array<V, n>& s) {
  { rule(v, v, s) } -> std::same_as<V>;
  typename std::bool_constant<(
      true || (kernel::given<const Rule&>()(kernel::given<const V&>(), kernel::given<const V&>(),
                                            kernel::given<std::array<V, n>&>()),
               true))>;
};

/// An optimiser, as described at the top of this header.
template <class O>
concept Optimizer = std::is_trivially_copyable_v<O> && StatesItsOptions<O> &&
                    requires {
                      { O::name } -> std::convertible_to<std::string_view>;
                    } &&
                    requires {
                      { O::state.size() } -> std::convertible_to<std::size_t>;
                    } &&
                    requires(const O& o) {
                      o.check();
                      o.options(nwm::detail::TakeOption{});
                      o.rule(std::uint64_t{1}, 0.1);
                    } && RuleFor<RuleOf<O>, kernel::ProbeValue<O>, O::state.size()> &&
                    RuleFor<RuleOf<O>, float, O::state.size()> && RuleFor<RuleOf<O>, double, O::state.size()>;

namespace detail {

/// Whether the numbers that an optimiser keeps have names of their own.
template <class O>
constexpr bool states_named() {
  for (std::size_t i = 0; i < O::state.size(); ++i) {
    const std::string_view name(O::state[i]);
    if (name.empty()) return false;
    for (std::size_t k = 0; k < i; ++k)
      if (std::string_view(O::state[k]) == name) return false;
  }
  return true;
}

/// One step of `Rule` at every number: gradients are taken times `gradient_scale`.
template <class Real, class Rule, std::size_t states>
struct Update {
  Rule rule;
  double gradient_scale;
  Real* p;
  const Real* g;
  std::array<Real*, states> state;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    using V = typename Lane::Value;
    std::array<V, states> s;
    for (std::size_t i = 0; i != states; ++i) s[i] = lane.load(state[i]);
    const V next = rule(lane.load(p), lane.load(g) * V(gradient_scale), s);
    kernel::store_all(lane, state, s);
    lane.store(p, next);
  }
};

}  // namespace detail

/// An optimiser at work on the parameters of a model: its state, in memory that host and backend reach.
/// Slices of the layout that are not trained keep their values, whatever decays.
template <class Model, Optimizer O>
class Stepper {
  static_assert(detail::states_named<O>(),
                "`state` of an optimiser names every number that it keeps: files know them by these names");

 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;
  static constexpr std::size_t states = O::state.size();  ///< numbers kept for each parameter

  /// Throws Error where an option makes no sense, or would be 0 or infinite as a Real.
  explicit Stepper(const O& policy = {}) : policy_(policy) {
    policy_.check();
    require_options_in<Real>(policy_);
  }

  /// One update of `parameters` in place; `gradient` is taken times `gradient_scale`. Both are memory of the
  /// backend, parameter_count numbers each.
  void step(std::span<Real> parameters, std::span<const Real> gradient, double learning_rate,
            double gradient_scale = 1) {
    ++steps_;
    const auto rule = policy_.rule(steps_, learning_rate);
    for_trained([&](std::size_t begin, std::size_t size) {
      std::array<Real*, states> state{};
      for (std::size_t i = 0; i < states; ++i) state[i] = state_[i].data() + begin;
      Backend::template map<Real>(
          size, detail::Update<Real, std::remove_const_t<decltype(rule)>, states>{
                    rule, gradient_scale, parameters.data() + begin, gradient.data() + begin, state});
    });
  }

  /// The optimiser with its options.
  const O& policy() const { return policy_; }
  /// State number i, named O::state[i] (parameter_count numbers). With the number of steps all there is to
  /// save.
  std::span<Real> state(std::size_t i) {
    Backend::wait();
    return {state_[i].data(), state_[i].size()};
  }
  /// Steps taken.
  std::uint64_t steps() const { return steps_; }
  /// For a training that goes on.
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  using Memory = typename Backend::template Managed<Real>;

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
  template <std::size_t... i>
  static std::array<Memory, states> zeros(std::index_sequence<i...>) {
    return {((void)i, Memory(Model::parameter_count))...};
  }

  O policy_;
  std::array<Memory, states> state_ = zeros(std::make_index_sequence<states>{});
  std::uint64_t steps_ = 0;
};

}  // namespace nwm::optimizer

#include "nwm/pop_macros.inc"
