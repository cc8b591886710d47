// A drum: a fixed wave network on a mask that is struck and listened to, as at the start of arXiv 2502.06034.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/drum/mask.hpp"
#include "nwm/drum/membrane.hpp"
#include "nwm/drum/outline.hpp"
#include "nwm/drum/recording.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/random.hpp"
#include "nwm/simulation/simulation.hpp"

namespace nwm {

/// A strike: its strength, its width, and the field it acts on.
struct Strike {
  /// What a strike gives the skin.
  enum class How { velocity, displacement };
  double amplitude = 1;     ///< velocity (length/time) or displacement (length) at the strike's centre
  double width = 0;         ///< standard deviation of a Gaussian in lattice spacings; 0: a single site
  How how = How::velocity;  ///< a stick gives velocity; a finger that lets go gives displacement
};

/// Which samples of a run are recorded.
struct Record {
  std::size_t every = 1;          ///< every k-th step, beginning with step k
  std::vector<Site> probes = {};  ///< sites to record; empty: every site of the drum
};

/// The wave equation u_tt = c² ∇²u − α u_t inside a mask on `Grid_`.
///
///     nwm::Drum<nwm::Grid<64, 64>> drum(nwm::mask::square(40), {.wave_speed = 1, .dt = 0.5f});
///     auto series = drum.strike({20, 20}).run(4096);
template <Lattice Grid_, HostBackend Backend = DefaultBackend, std::floating_point Real_ = float>
class Drum {
 public:
  using Grid = Grid_;
  using Real = Real_;
  /// The simulation that it is.
  using Waves = Simulation<drum::Membrane, Grid, 1, Backend, Real>;
  /// The rim's.
  using Boundary = drum::Boundary;
  /// The cell at its sites.
  using Membrane = drum::Membrane;

  /// Skin, lattice and rim.
  struct Options {
    double wave_speed = 1;              ///< c > 0, length per time
    double dt = 0.5;                    ///< time step
    double spacing = 1;                 ///< h, length between neighbouring sites
    double damping = 0;                 ///< α >= 0, per time
    Boundary edge = Boundary::clamped;  ///< condition at the rim
    std::size_t sponge = 16;            ///< absorbing: sites from the border over which damping grows
    std::size_t threads = 1;            ///< threads over bands of rows, as in Simulation
  };

  /// Throws Error when the mask does not fit the grid; when it is the whole grid or touches the border (a
  /// clamped or reflecting drum needs sites outside it as a rim); when a periodic edge is asked of a grid
  /// that is not periodic; or when a number is out of range. Throws Unstable, naming the limit, when c·dt/h
  /// is not below the limit.
  Drum(const mask::Outline& outline, const Options& options)
      : Drum(Mask(outline, Grid::height, Grid::width), options) {}
  /// The same with the defaults.
  explicit Drum(const mask::Outline& outline) : Drum(outline, Options{}) {}
  /// The same with the defaults.
  explicit Drum(Mask mask) : Drum(std::move(mask), Options{}) {}
  /// The same for a mask that is there already.
  Drum(Mask mask, const Options& options)
      : mask_(std::move(mask)),
        physics_{options.wave_speed, options.dt, options.spacing, options.damping, options.edge},
        waves_({.cell = {}, .threads = options.threads}) {
    check_mask();
    const std::vector<double> alpha = damping(options.sponge);
    physics_.check(*std::max_element(alpha.begin(), alpha.end()));
    const double per_spacing = physics_.wave_speed / physics_.spacing;
    waves_.set_cell({.dt = physics_.dt, .stiffness = per_spacing * per_spacing});
    for (const std::size_t i : mask_.sites()) {
      waves_.field(Membrane::inside)[i] = 1;
      waves_.field(Membrane::alpha)[i] = static_cast<Real>(alpha[i]);
      if (physics_.edge == Boundary::reflecting)
        waves_.field(Membrane::rim)[i] = static_cast<Real>(4 - mask_.neighbours(i, wraps()));
    }
  }

  /// Its sites.
  const Mask& mask() const { return mask_; }
  /// Its skin, lattice and rim.
  const drum::Physics& physics() const { return physics_; }
  /// The fields u and v of drum::Membrane. They may be read and written between runs.
  Waves& waves() { return waves_; }

  /// Brings the drum to rest.
  Drum& rest() {
    waves_.reset();
    return *this;
  }

  /// Adds a strike, point-like or Gaussian, at a site. Throws Error when the strike moves no site of the
  /// drum; then the drum is as it was.
  Drum& strike(Site at, const Strike& strike = Strike{}) {
    if (!(strike.width >= 0) || !std::isfinite(strike.width) || !std::isfinite(strike.amplitude))
      throw Error("nwm::Drum::strike", "width and amplitude", "finite numbers, the width at least 0",
                  shown_exactly(strike.width) + ", " + shown_exactly(strike.amplitude));
    const auto moved = waves_.field(strike.how == Strike::How::velocity ? Membrane::v : Membrane::u);
    const auto part = [&](std::size_t i) {
      const double dr = static_cast<double>(i / Grid::width) - static_cast<double>(at.row),
                   dc = static_cast<double>(i % Grid::width) - static_cast<double>(at.column);
      const double distance2 = dr * dr + dc * dc;
      if (distance2 == 0) return 1.0;  // also where the width's square is too small for a number
      return strike.width > 0 ? std::exp(-distance2 / (2 * strike.width * strike.width)) : 0.0;
    };
    double largest = 0;
    for (const std::size_t i : mask_.sites()) largest = std::max(largest, part(i));
    if (largest < 1e-6)
      throw Error("nwm::Drum::strike", "place", "a site of the drum",
                  "(" + std::to_string(at.row) + ", " + std::to_string(at.column) + ")");
    for (const std::size_t i : mask_.sites()) moved[i] += static_cast<Real>(strike.amplitude * part(i));
    return *this;
  }

  /// Sets the velocity of every site of the drum to a uniform random number in ±amplitude.
  Drum& strike_at_random(std::uint64_t seed, double amplitude = 1) {
    Random random(seed);
    for (const std::size_t i : mask_.sites())
      waves_.field(Membrane::v)[i] += static_cast<Real>(random.uniform(-amplitude, amplitude));
    return *this;
  }

  /// Runs `steps` steps and records them. Throws Error for a probe outside the grid or `every` = 0, Unstable
  /// when a value is no longer finite.
  Recording<Real> run(std::size_t steps, const Record& record = Record{}) {
    if (record.every == 0) throw Error("nwm::Drum::run", "every", "at least 1", "0");
    std::vector<std::size_t> sites;
    for (const Site& s : record.probes) {
      if (s.row >= Grid::height || s.column >= Grid::width)
        throw Error("nwm::Drum::run", "probe",
                    "a site of " + std::to_string(Grid::height) + " x " + std::to_string(Grid::width),
                    "(" + std::to_string(s.row) + ", " + std::to_string(s.column) + ")");
      sites.push_back(s.row * Grid::width + s.column);
    }
    if (sites.empty()) sites.assign(mask_.sites().begin(), mask_.sites().end());
    Recording<Real> recording(mask_, physics_, record.every, std::move(sites), steps / record.every);
    std::size_t taken = 0;
    waves_.run(steps, [&](const Waves& now) {
      if (++taken % record.every == 0) recording.add(now.recorded().data());
    });
    return recording;
  }
  /// Runs `steps` steps without recording.
  Drum& advance(std::size_t steps) {
    waves_.run(steps);
    return *this;
  }

  /// The energy ½ h² Σ [v² + c² ∇u·∇(u − dt v)], summed in double. u − dt v is the displacement one step
  /// before. Without damping the symplectic step conserves this energy exactly; it equals the continuous
  /// drum's energy to O(dt).
  double energy() const {
    const auto u = std::as_const(waves_).field(Membrane::u), v = std::as_const(waves_).field(Membrane::v);
    const auto before = [&](std::size_t i) {
      return static_cast<double>(u[i]) - physics_.dt * static_cast<double>(v[i]);
    };
    double kinetic = 0, potential = 0;
    for (const std::size_t i : mask_.sites()) {
      const double ui = static_cast<double>(u[i]), pi = before(i), vi = static_cast<double>(v[i]);
      kinetic += vi * vi;
      std::size_t inside = 0;
      mask_.for_neighbours(i, wraps(), [&](std::size_t j) {
        ++inside;
        // Each bond between two inner sites is visited from both ends.
        potential += 0.5 * (ui - static_cast<double>(u[j])) * (pi - before(j));
      });
      if (physics_.edge != Boundary::reflecting) potential += static_cast<double>(4 - inside) * ui * pi;
    }
    const double h2 = physics_.spacing * physics_.spacing, c2 = physics_.wave_speed * physics_.wave_speed;
    return 0.5 * (h2 * kinetic + c2 * potential);
  }

 private:
  static constexpr bool torus = std::same_as<typename Grid::Boundary, Periodic>;
  bool wraps() const {
    return torus && (physics_.edge == Boundary::periodic || physics_.edge == Boundary::absorbing);
  }

  void check_mask() const {
    const std::string where = "nwm::Drum on " + mask_.name();
    if (mask_.height() != Grid::height || mask_.width() != Grid::width)
      throw Error(where, "mask",
                  std::to_string(Grid::height) + " x " + std::to_string(Grid::width) + " sites",
                  std::to_string(mask_.height()) + " x " + std::to_string(mask_.width()));
    if (physics_.edge == Boundary::periodic && !torus)
      throw Error(where, "edge", "a grid with the boundary Periodic for a periodic edge", "another");
    if (physics_.edge == Boundary::periodic || physics_.edge == Boundary::absorbing) return;
    if (mask_.sites().size() == Grid::sites)
      throw Error(where, "mask", "sites outside the drum, which hold its rim", "the whole grid");
    if (mask_.touches_border())
      throw Error(where, "mask", "sites outside the drum all along the border of the grid",
                  "a mask that touches the border");
  }

  /// α at every site: the drum's own damping. In an absorbing field a ramp is added that grows with the
  /// square of the depth towards the border, so strong that a wave going through and back keeps 1e-4 of its
  /// energy.
  std::vector<double> damping(std::size_t sponge) const {
    std::vector<double> alpha(Grid::sites, physics_.damping);
    if (physics_.edge != Boundary::absorbing) return alpha;
    const std::size_t room = std::min(Grid::height, Grid::width) / 2;
    if (sponge == 0 || sponge > room)
      throw Error("nwm::Drum", "sponge", "1 to " + std::to_string(room) + " sites", std::to_string(sponge));
    const double width = static_cast<double>(sponge);
    // Energy falls as exp(−α t): ∫ α dx / c = peak width h / 3c one way.
    const double peak = 1.5 * std::log(1e4) * physics_.wave_speed / (width * physics_.spacing);
    for (std::size_t i = 0; i < Grid::sites; ++i) {
      const std::size_t row = i / Grid::width, column = i % Grid::width;
      const std::size_t distance = std::min({row, column, Grid::height - 1 - row, Grid::width - 1 - column});
      const double depth = 1 - static_cast<double>(distance) / width;
      if (depth > 0) alpha[i] += peak * depth * depth;
    }
    return alpha;
  }

  Mask mask_;
  drum::Physics physics_;
  Waves waves_;
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
