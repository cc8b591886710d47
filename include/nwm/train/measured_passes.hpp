// Metrics of a data set on a backend that measures where the scores are: all passes are asked for one behind
// the other, what they leave of each image is a few numbers, and those come to the host once, at the end.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/encoded_target.hpp"
#include "nwm/loss/measured.hpp"
#include "nwm/train/staged_input.hpp"

namespace nwm {

namespace detail {

/// What was asked of a backend so far: set() marks it, wait() returns when it is done.
template <class B>
struct MarkOf {
  struct type {
    void set() { pending = queued<B>; }
    void wait() {
      if (pending) B::wait();
      pending = false;
    }
    bool pending = false;
  };
};
template <class B>
requires requires { typename B::Mark; }
struct MarkOf<B> {
  using type = typename B::Mark;
};

template <class Model, class L>
using MeasureOf = loss::MeasureImages<L, Model::outputs, Model::images, Model::sites, loss::abreast_of<Model>,
                                      typename Model::Real>;

}  // namespace detail

/// Whether the scores of a model are measured by its backend: it runs bodies (backend/device/block.hpp), and
/// the loss says in parts what it measures.
template <class Model, class L>
concept MeasuredThere = loss::MeasuredInParts<L, Model::outputs, typename Model::Real> &&
                        requires(const detail::MeasureOf<Model, L>& body) { Model::Backend::run(body); };

/// Measures data sets in passes; empty where the backend does not measure.
template <class Model, loss::Loss L>
struct MeasuredPasses {
  /// None.
  static constexpr std::size_t bytes(std::size_t = 0) { return 0; }
};

/// Its memory grows with the largest set: a few numbers an image.
template <class Model, loss::Loss L>
requires MeasuredThere<Model, L>
class MeasuredPasses<Model, L> {
  using Measure = detail::MeasureOf<Model, L>;
  static constexpr std::size_t images = Model::images;

 public:
  using Real = typename Model::Real;
  using Backend = typename Model::Backend;
  using Metrics = typename L::Metrics;
  /// Inputs that are made ready ahead: where the backend works while the host goes on, one for the pass under
  /// way and one for the next.
  static constexpr std::size_t inputs = queued<Backend> ? 2 : 1;

  /// Bytes of the backend's memory for a set of `count` images.
  static constexpr std::size_t bytes(std::size_t count = images) {
    return images * Measure::values * sizeof(typename L::Target) +
           numbers_of(passes_of(count)) * sizeof(double);
  }

  /// Sets each[i] to the metrics of image i of a set that fits model and loss, as loss.measure gives them:
  /// counts are equal, what is added up is rounded in another order. No `input` is in use.
  ///   give(input)    brings the pictures of a staged pass to the backend
  ///   ask()          asks for their scores; returns where they will stand, and where the growth of a wave
  ///                  step will, or null
  ///   judge(growth)  throws Unstable where a pass is not to be trusted
  /// Returns false, and the metrics mean nothing, where a score is not finite, or ask or judge throws
  /// Unstable: loss.measure on the host then says which image it was.
  template <class Give, class Ask, class Judge>
  bool measure(const L& loss, const data::Dataset& set, std::array<StagedInput<Model, L>, inputs>& input,
               const Give& give, const Ask& ask, const Judge& judge, std::span<Metrics> each) {
    const std::size_t passes = passes_of(set.size());
    if (!found_ || found_->size() < numbers_of(passes)) {
      found_.reset();  // before there are two
      found_ = std::make_unique<Memory<double>>(numbers_of(passes));
    }
    double* const growths = found_->data() + passes * images * Measure::numbers;
    bool judged = false;
    try {
      for (std::size_t pass = 0; pass < passes; ++pass) {
        const std::size_t first = pass * images, count = std::min(images, set.size() - first);
        const std::size_t turn = pass % inputs;
        marks_[turn].wait();  // until what was staged there has been taken
        stage(loss, set, first, count, input[turn], turn);
        give(std::as_const(input[turn]));
        Backend::upload(count * Measure::values, std::as_const(targets_[turn]).data(), target_.data());
        marks_[turn].set();
        const auto [scores, growth] = ask();
        judged = growth != nullptr;
        Backend::run(Measure{count, loss, scores, std::as_const(target_).data(),
                             found_->data() + first * Measure::numbers, growth, growths + pass});
      }
      read_.resize(numbers_of(passes));
      Backend::download(read_.size(), static_cast<const double*>(found_->data()), read_.data());
      for (std::size_t pass = 0; judged && pass < passes; ++pass)
        judge(static_cast<Real>(read_[passes * images * Measure::numbers + pass]));
    } catch (const Unstable&) {
      Backend::wait();  // what is staged may still be in use
      return false;
    } catch (...) {
      Backend::wait();
      throw;
    }
    for (std::size_t i = 0; i < set.size(); ++i) {
      const double* const numbers = read_.data() + i * Measure::numbers;
      if (numbers[Measure::sums] != 0) return false;  // NaN
      each[i] =
          loss.template metrics<Model::outputs>(Measure::sums_of(numbers), loss.target(set, i), Model::sites);
    }
    return true;
  }

 private:
  using Target = typename L::Target;
  template <class T>
  using Memory = typename Backend::template Memory<T>;

  static constexpr std::size_t passes_of(std::size_t count) { return (count + images - 1) / images; }
  /// Those of the images, and one a pass.
  static constexpr std::size_t numbers_of(std::size_t passes) {
    return passes * (images * Measure::numbers + 1);
  }

  void stage(const L& loss, const data::Dataset& set, std::size_t first, std::size_t count,
             StagedInput<Model, L>& input, std::size_t turn) {
    indices_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      indices_[i] = first + i;
      const std::span<const Target> target = loss.target(set, first + i);
      std::copy(target.begin(), target.end(), targets_[turn].data() + i * Measure::values);
    }
    input.stage_pictures(set, indices_);
  }

  /// Targets of a pass, in the host's memory.
  struct StagedTargets : Backend::template Staging<Target> {
    StagedTargets() : Backend::template Staging<Target>(images * Measure::values) {}
  };

  std::array<StagedTargets, inputs> targets_;
  Memory<Target> target_{images * Measure::values};
  std::unique_ptr<Memory<double>> found_;
  std::array<typename detail::MarkOf<Backend>::type, inputs> marks_;
  std::vector<std::size_t> indices_;
  std::vector<double> read_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
