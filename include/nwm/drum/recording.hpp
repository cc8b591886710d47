// A recording of a drum: displacements over time at some of its sites, with the mask and physics they belong
// to.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/drum/mask.hpp"
#include "nwm/drum/membrane.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/count.hpp"

namespace nwm {

/// Displacement u after every `every`-th step at `sites`, step-major: samples (steps, sites).
template <class Real>
class Recording {
 public:
  /// sites: row-major indices on the mask's grid. Memory for `steps` samples of each site is allocated at
  /// once: throws Error where there is not so much, and for a site that is not on the grid.
  Recording(Mask mask, const drum::Physics& physics, std::size_t every, std::vector<std::size_t> sites,
            std::size_t steps)
      : mask_(std::move(mask)), physics_(physics), every_(every), sites_(std::move(sites)) {
    for (const std::size_t s : sites_)
      if (s >= mask_.values().size())
        throw Error("nwm::drum::Recording", "site", "below " + std::to_string(mask_.values().size()),
                    std::to_string(s));
    const std::size_t bytes = sizeof(Real) * checked_product("nwm::drum::Recording", "samples",
                                                             std::array{steps, sites_.size()}, sizeof(Real));
    try {
      samples_.reserve(bytes / sizeof(Real));
    } catch (const std::bad_alloc&) {
      no_memory("nwm::drum::Recording", "samples", bytes);
    }
  }

  /// The drum's sites.
  const Mask& mask() const { return mask_; }
  /// The drum's skin, lattice and rim.
  const drum::Physics& physics() const { return physics_; }
  /// Steps from sample to sample.
  std::size_t every() const { return every_; }
  /// Time between two samples: every · dt.
  double interval() const { return static_cast<double>(every_) * physics_.dt; }
  /// Samples recorded so far.
  std::size_t steps() const { return sites_.empty() ? 0 : samples_.size() / sites_.size(); }
  /// Row-major indices of the recorded sites.
  std::span<const std::size_t> sites() const { return sites_; }
  /// The i-th site. Throws Error where there is none.
  Site site(std::size_t i) const {
    require("site", i, sites_.size());
    return {sites_[i] / mask_.width(), sites_[i] % mask_.width()};
  }
  /// All samples (steps, sites), step-major.
  std::span<const Real> samples() const { return samples_; }

  /// A copy of the i-th site's series: steps() values. Throws Error where there is no such site.
  std::vector<double> series(std::size_t i) const {
    require("site", i, sites_.size());
    std::vector<double> result(steps());
    for (std::size_t t = 0; t < result.size(); ++t)
      result[t] = static_cast<double>(samples_[t * sites_.size() + i]);
    return result;
  }
  /// A copy of the series at a site. Throws Error when the site was not recorded.
  std::vector<double> at(Site where) const {
    for (std::size_t i = 0; i < sites_.size(); ++i)
      if (site(i) == where) return series(i);
    throw Error("nwm::Recording", "site", "one that was recorded",
                "(" + std::to_string(where.row) + ", " + std::to_string(where.column) + ")");
  }
  /// Sample t on the whole grid (height·width values); 0 where nothing was recorded. Throws Error for a
  /// sample that was not recorded.
  std::vector<float> plane(std::size_t t) const {
    require("sample", t, steps());
    std::vector<float> result(mask_.height() * mask_.width());
    for (std::size_t i = 0; i < sites_.size(); ++i)
      result[sites_[i]] = static_cast<float>(samples_[t * sites_.size() + i]);
    return result;
  }

  /// Appends one sample of each recorded site from a field (height, width).
  void add(const Real* field) {
    for (const std::size_t s : sites_) samples_.push_back(field[s]);
  }

 private:
  static void require(const char* field, std::size_t found, std::size_t below) {
    if (found >= below)
      throw Error("nwm::drum::Recording", field, "below " + std::to_string(below), std::to_string(found));
  }

  Mask mask_;
  drum::Physics physics_;
  std::size_t every_;
  std::vector<std::size_t> sites_;
  std::vector<Real> samples_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
