// What a simulation over ranks is at some sites, step by step: each rank notes its own, rank 0 gets all.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm::mpi {

/// A value of a field: its channel and site on the whole grid.
struct Place {
  std::size_t channel = 0;  ///< of the field
  std::size_t row = 0;      ///< from the top of the whole grid
  std::size_t column = 0;   ///< from its left
};

/// Notes field f of a Simulation `Waves` over ranks at some places after every `every`-th step. An observer
/// of its run, as in examples/waves_over_ranks.cpp:
///
///     water.run(std::min<std::size_t>(500, steps - water.steps()), pump, microphones);
///     const std::vector<float> heard = microphones.gather();  // (steps, 2)
template <class Waves>
class Probes {
 public:
  using Real = typename Waves::Real;

  /// Throws Error for a field or a place that is not there, and for `every` = 0.
  Probes(const Waves& waves, std::size_t field, std::vector<Place> places, std::size_t every = 1)
      : waves_(&waves), field_(field), places_(std::move(places)), every_(every) {
    (void)waves.field(field);
    if (every == 0) throw Error("nwm::mpi::Probes", "every", "at least 1", "0");
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Place& p = places_[i];
      if (p.channel >= Waves::channels || p.row >= Waves::Grid::height || p.column >= Waves::width)
        throw Error("nwm::mpi::Probes", "place",
                    "one of " + std::to_string(Waves::channels) + " x " +
                        std::to_string(Waves::Grid::height) + " x " + std::to_string(Waves::width),
                    "(" + std::to_string(p.channel) + ", " + std::to_string(p.row) + ", " +
                        std::to_string(p.column) + ")");
      if (waves.owns(p.row)) mine_.push_back(i);
    }
  }

  /// Notes this rank's places, if it is their turn.
  void operator()(const Waves& now) {
    if (++seen_ % every_ != 0) return;
    const auto values = now.at(field_);
    for (const std::size_t i : mine_) {
      const Place& p = places_[i];
      noted_.push_back(values(p.channel, p.row, p.column));
    }
  }

  /// Samples so far: the same on all ranks.
  std::size_t samples() const { return seen_ / every_; }

  /// All samples, (samples, places) in the order of the places, on rank 0; nothing on others. Every rank
  /// calls it.
  std::vector<Real> gather() const {
    const auto& ranks = waves_->ranks();
    if (!ranks.is_first()) {
      if (!noted_.empty()) ranks.send(std::span<const Real>(noted_), 0);
      return {};
    }
    std::vector<Real> all(
        checked_product("nwm::mpi::Probes", "samples", std::array{samples(), places_.size()}, sizeof(Real)));
    std::vector<Real> theirs;
    for (int r = 0; r < ranks.size(); ++r) {
      std::vector<std::size_t> of_rank;
      for (std::size_t i = 0; i < places_.size(); ++i)
        if (waves_->split().owner(places_[i].row) == r) of_rank.push_back(i);
      const std::vector<Real>* from = &noted_;
      if (r > 0) {
        theirs.resize(samples() * of_rank.size());
        if (!theirs.empty()) ranks.receive(std::span<Real>(theirs), r);
        from = &theirs;
      }
      for (std::size_t t = 0; t < samples(); ++t)
        for (std::size_t k = 0; k < of_rank.size(); ++k)
          all[t * places_.size() + of_rank[k]] = (*from)[t * of_rank.size() + k];
    }
    return all;
  }

 private:
  const Waves* waves_;
  std::size_t field_;
  std::vector<Place> places_;
  std::size_t every_, seen_ = 0;
  std::vector<std::size_t> mine_;
  std::vector<Real> noted_;
};

}  // namespace nwm::mpi
