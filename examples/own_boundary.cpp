// A boundary of one's own: a mirror at the outermost nodes (u[-1] = u[1]), PyTorch's padding "reflect". The
// library's Reflecting stands half a node further out (u[-1] = u[0]). nwm/grid/boundary.hpp says what one is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>
#include <string_view>

struct MirrorAtNodes {
  static constexpr std::string_view name = "mirror_at_nodes";
  static constexpr bool self_adjoint = false;
  static constexpr std::ptrdiff_t source(std::ptrdiff_t i, std::ptrdiff_t n) {
    const std::ptrdiff_t last = n - 1, period = n > 1 ? 2 * last : 1;
    const std::ptrdiff_t place = (i % period + period) % period;
    return place > last ? period - place : place;
  }
};
static_assert(nwm::Boundary<MirrorAtNodes>);

/// A standing wave cos(π k x / (n − 1)), which has its crests on both outermost columns, after 200 steps:
/// how far it is from the closed form. It swings in place only where the mirror stands right.
template <nwm::Boundary Boundary>
double distance_from_theory() {
  using Cell = nwm::cell::WaveOn<Boundary>;
  constexpr std::size_t width = 33, modes = 3, steps = 200;
  const double dt = 0.3, height = 1e-3, pi = std::numbers::pi;
  nwm::Simulation<Cell, nwm::Grid<8, width, Boundary>, 1, nwm::DefaultBackend, double> waves(
      {.cell = {.dt = dt}});
  const auto shape = [&](std::size_t x) {
    return std::cos(pi * modes * static_cast<double>(x) / (width - 1));
  };
  for (std::size_t row = 0; row < 8; ++row)
    for (std::size_t x = 0; x < width; ++x) waves.at(Cell::y)(0, row, x) = height * shape(x);
  waves.run(steps);

  const double eigenvalue = 2 - 2 * std::cos(pi * modes / (width - 1));  // of minus the Laplacian
  const double angle = std::acos(1 - dt * dt * eigenvalue / 2);          // that a step turns the mode by
  const double swing = std::cos((steps + 0.5) * angle) / std::cos(angle / 2);
  double worst = 0;
  for (std::size_t x = 0; x < width; ++x)
    worst = std::max(worst, std::abs(waves.at(Cell::y)(0, 4, x) / height - swing * shape(x)));
  return worst;
}

int main() {
  // Backpropagation through time under this boundary against differences, and SIMD against the plain loops.
  const nwm::CellReport report = nwm::check_cell<nwm::cell::WaveOn<MirrorAtNodes>>();
  std::printf("%s", report.text().c_str());
  const double own = distance_from_theory<MirrorAtNodes>(), other = distance_from_theory<nwm::Reflecting>();
  const bool ok = report.ok() && own < 1e-4 && other > 0.1;
  std::printf("distance from theory %.1e, with Reflecting %.2f: %s\n", own, other, ok ? "ok" : "wrong");
  return ok ? 0 : 1;
}
