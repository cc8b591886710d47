// Measures how far a change of one pixel reaches in a model's scores. By this the paper explains which models
// can tell shapes apart.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/analysis/reach.hpp"
#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/random.hpp"
#include "nwm/train/evaluate.hpp"

namespace nwm::analysis {

/// Number of images and probes, size of the change, seed and threads.
struct ReceptiveFieldOptions {
  std::size_t images = 8;   ///< images, from the start of the set; all when there are fewer
  std::size_t probes = 16;  ///< randomly drawn pixels changed in each image, one at a time
  double change = 0.1;      ///< added to all channels of a pixel; subtracted where their mean is above 1/2
  std::uint64_t seed = 0;   ///< seed for drawing the pixels
  std::size_t threads = 0;  ///< 0: all; the result is the same for any number
};

/// The effective receptive field (Luo et al. 2016, here by finite changes). Entry (r, c) belongs to scores at
/// (r − height/2, c − width/2) sites from the changed pixel. On a torus the map has the grid's size and
/// distances go the shorter way round; otherwise the map is 2H−1 × 2W−1.
struct ReceptiveField {
  std::size_t height = 0, width = 0;  ///< of the grid
  /// (height, width): root mean square of |change of a score| / |change of the pixel| over images, probes and
  /// classes. 0 at displacements that no probe covered.
  std::vector<double> influence{};

  /// Calls f(influence², row displacement, column displacement) for every entry of the map.
  template <class F>
  void each(const F& f) const {
    for (std::size_t i = 0; i < influence.size(); ++i)
      f(influence[i] * influence[i], distance(i / width, height), distance(i % width, width));
  }

  /// Sum of influence² over the map; 0 for a model whose scores do not depend on the image.
  double energy() const {
    double sum = 0;
    each([&](double e, double, double) { sum += e; });
    return sum;
  }

  /// Root mean square distance in pixels, weighted by influence². NaN when energy() is 0.
  double rms_radius() const {
    double sum = 0;
    each([&](double e, double y, double x) { sum += e * (y * y + x * x); });
    return std::sqrt(sum / energy());
  }

  /// Mean distance in pixels, weighted by influence. Compared with rms_radius(), many weak influences far
  /// away, which together decide as much as a strong one nearby, count more. NaN when energy() is 0.
  double mean_radius() const {
    double sum = 0, all = 0;
    each([&](double e, double y, double x) { sum += std::sqrt(e) * std::hypot(y, x), all += std::sqrt(e); });
    return sum / all;
  }

  /// The smallest distance in pixels within which the map holds at least `share` of energy(). NaN when
  /// energy() is 0. Throws Error unless 0 < share ≤ 1.
  double radius(double share = 0.95) const {
    if (!(share > 0) || share > 1)
      throw Error("nwm::analysis::ReceptiveField::radius", "share", "a number in (0, 1]",
                  shown_exactly(share));
    std::vector<std::pair<double, double>> places;  // distance², influence²
    each([&](double e, double y, double x) {
      if (e > 0) places.emplace_back(y * y + x * x, e);
    });
    if (places.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::sort(places.begin(), places.end());
    double all = 0, inside = 0;
    for (const auto& [d, e] : places) all += e;
    for (const auto& [d, e] : places)
      if ((inside += e) >= share * all) return std::sqrt(d);
    return std::sqrt(places.back().first);
  }

  /// The largest row or column distance at which the influence exceeds `relative` times its maximum. With
  /// relative = 0 every change counts, rounding included; the result is at most the model's greatest_reach.
  std::size_t reach(double relative = 0) const {
    const double most = influence.empty() ? 0 : *std::max_element(influence.begin(), influence.end());
    double furthest = 0;
    each([&](double e, double y, double x) {
      if (e > relative * relative * most * most) furthest = std::max({furthest, std::abs(y), std::abs(x)});
    });
    return static_cast<std::size_t>(furthest);
  }

 private:
  static double distance(std::size_t place, std::size_t size) {
    return static_cast<double>(place) - static_cast<double>(size / 2);
  }
};

namespace detail {

/// Images that differ from one base image in one pixel each.
struct Probes {
  std::vector<std::size_t> pixels;
  std::vector<double> changes;  ///< root mean square over channels of the change
  data::Dataset images;
};

inline Probes make_probes(std::span<const float> base, data::Extent extent,
                          const ReceptiveFieldOptions& options, std::uint64_t image) {
  Probes result;
  Random random(options.seed, image);
  extent.images = options.probes;
  data::Dataset::Floats floats;
  for (std::size_t i = 0; i < options.probes; ++i) {
    const std::size_t pixel = random.below(extent.pixels());
    double mean = 0, square = 0;
    for (std::size_t c = 0; c < extent.channels; ++c)
      mean += static_cast<double>(base[c * extent.pixels() + pixel]) / static_cast<double>(extent.channels);
    const auto change = static_cast<float>(mean > 0.5 ? -options.change : options.change);
    floats.insert(floats.end(), base.begin(), base.end());
    for (std::size_t c = 0; c < extent.channels; ++c) {
      float& value = floats[i * extent.values() + c * extent.pixels() + pixel];
      const float before = value;
      value += change;
      const double added = static_cast<double>(value) - static_cast<double>(before);
      square += added * added / static_cast<double>(extent.channels);
    }
    result.pixels.push_back(pixel);
    result.changes.push_back(std::sqrt(square));
  }
  data::Dataset::Bytes masks(options.probes * extent.pixels());
  result.images = data::Dataset(extent, std::move(floats), std::move(masks), "probes");
  return result;
}

/// Sums of influence² by displacement.
class Displacements {
 public:
  Displacements(std::size_t height, std::size_t width, bool torus)
      : height_(height), width_(width), torus_(torus), sums_(rows() * columns()), counts_(sums_.size()) {}

  /// Adds influence² of the change of `pixel` at every site: energies (H, W).
  void add(std::size_t pixel, std::span<const double> energies) {
    for (std::size_t p = 0; p < energies.size(); ++p) {
      const std::size_t to =
          place(p / width_, pixel / width_, height_) * columns() + place(p % width_, pixel % width_, width_);
      sums_[to] += energies[p];
      counts_[to] += 1;
    }
  }
  ReceptiveField field() const {
    ReceptiveField result{rows(), columns(), std::vector<double>(sums_.size())};
    for (std::size_t i = 0; i < sums_.size(); ++i)
      if (counts_[i] > 0) result.influence[i] = std::sqrt(sums_[i] / counts_[i]);
    return result;
  }

 private:
  std::size_t rows() const { return torus_ ? height_ : 2 * height_ - 1; }
  std::size_t columns() const { return torus_ ? width_ : 2 * width_ - 1; }
  std::size_t place(std::size_t score, std::size_t pixel, std::size_t size) const {
    return torus_ ? (score + size - pixel + size / 2) % size : score + size - 1 - pixel;
  }
  std::size_t height_, width_;
  bool torus_;
  std::vector<double> sums_, counts_;
};

}  // namespace detail

/// Changes single pixels of images of `set` and measures all scores, through the executor that also evaluates
/// the model (batch normalisation by running statistics). Costs images · (probes + 1) forward passes. In a
/// trainer's callback it shows the field during training. The same seed gives the same numbers for any number
/// of threads. Throws Error when the set does not fit the machine or is empty, there are no probes, or the
/// change is 0 or not finite; Unstable when a score is not finite or a wave step is unstable.
template <class Machine>
ReceptiveField receptive_field(const Machine& machine, const data::Dataset& set,
                               const ReceptiveFieldOptions& options = {}) {
  using Real = typename Machine::Real;
  constexpr const char* where = "nwm::analysis::receptive_field";
  constexpr std::size_t sites = Machine::sites, classes = Machine::outputs;
  require_pictures<Machine>(set);
  const std::size_t images = std::min(options.images, set.size());
  if (images == 0) throw Error(where, "images", "at least 1", "0");
  if (options.probes == 0) throw Error(where, "probes", "at least 1", "0");
  if (!std::isfinite(options.change) || options.change == 0)
    throw Error(where, "change", "a finite number other than 0", shown_exactly(options.change));

  ExecutorOf<Machine, model::SomeLoss<Machine>> executor(options.threads, thread_count(options.threads));
  data::Extent extent = set.extent();
  detail::Displacements sums(extent.height, extent.width, on_torus<Machine>);
  std::vector<float> base(extent.values());
  std::vector<Real> scores(classes * sites);
  std::vector<double> energies(options.probes * sites);
  for (std::size_t image = 0; image < images; ++image) {
    set.picture(image, std::span<float>(base));
    extent.images = 1;
    const data::Dataset unchanged(extent, base, data::Dataset::Bytes(sites), set.name());
    executor.predict(machine, unchanged, [&](std::size_t, std::span<const Real> s) {
      std::copy(s.begin(), s.end(), scores.begin());
    });
    const detail::Probes probes = detail::make_probes(base, extent, options, image);
    executor.predict(machine, probes.images, [&](std::size_t i, std::span<const Real> s) {
      const double scale = 1 / (static_cast<double>(classes) * probes.changes[i] * probes.changes[i]);
      for (std::size_t p = 0; p < sites; ++p) {
        double sum = 0;
        for (std::size_t k = 0; k < classes; ++k) {
          const double d = static_cast<double>(s[k * sites + p]) - static_cast<double>(scores[k * sites + p]);
          sum += d * d;
        }
        energies[i * sites + p] = scale * sum;
      }
    });
    for (const double e : energies)
      if (!std::isfinite(e))
        throw Unstable(where, "scores of image " + std::to_string(image), "finite numbers", shown_exactly(e));
    for (std::size_t i = 0; i < options.probes; ++i)
      sums.add(probes.pixels[i], std::span<const double>(energies).subspan(i * sites, sites));
  }
  return sums.field();
}

}  // namespace nwm::analysis

#include "nwm/pop_macros.inc"
