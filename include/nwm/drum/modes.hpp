// The modes of a drum, computed from its Laplacian by a sparse eigen-solver: the reference for the heard
// tones. Needs Spectra (Debian libspectra-dev).
#pragma once

#include "nwm/push_macros.inc"

#include <Spectra/MatOp/SparseSymShiftSolve.h>
#include <Spectra/SymEigsShiftSolver.h>

#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include "nwm/drum/mask.hpp"
#include "nwm/drum/membrane.hpp"
#include "nwm/error.hpp"

namespace nwm {

/// The lowest modes of −∇²_h on a mask.
struct Modes {
  std::vector<double> eigenvalues;         ///< λ, 1/length², ascending
  std::vector<std::vector<float>> shapes;  ///< (height, width), Σ shape² = 1, the largest entry positive
  drum::Physics physics;                   ///< of the drum whose modes they are

  /// Frequency of mode k in the drum's time-stepping scheme, cycles per unit time. Throws Error where there
  /// is no such mode.
  double frequency(std::size_t k) const {
    if (k >= eigenvalues.size())
      throw Error("nwm::Modes", "mode", "below " + std::to_string(eigenvalues.size()), std::to_string(k));
    return physics.frequency(eigenvalues[k]);
  }
};

/// How many modes to compute, and whether with shapes.
struct ModeOptions {
  std::size_t count = 30;  ///< number of modes, from the lowest; below the number of sites
  bool shapes = false;     ///< whether to compute the shapes as well
};

/// The modes of −∇²_h (5-point, spacing h) on the mask, under the physics' edge: clamped and absorbing have
/// u = 0 outside (damping is ignored), reflecting has no flux through the rim, periodic goes over the border.
/// Residuals are below 1e-10 of the largest eigenvalue sought. Throws Error when the spacing is not a finite
/// number above 0, there are fewer modes, or the solver does not converge or fails otherwise.
inline Modes modes(const Mask& mask, const drum::Physics& physics = {}, const ModeOptions& options = {}) try {
  const std::string where = "nwm::modes of " + mask.name();
  const std::size_t n = mask.sites().size();
  if (options.count == 0 || options.count >= n)
    throw Error(where, "count", "1 to " + std::to_string(n - 1) + " modes", std::to_string(options.count));
  if (!(physics.spacing > 0) || !std::isfinite(physics.spacing))
    throw Error(where, "spacing", "a finite number above 0", shown_exactly(physics.spacing));
  using Matrix = Eigen::SparseMatrix<double>;
  std::vector<std::size_t> place(mask.height() * mask.width());
  for (std::size_t i = 0; i < n; ++i) place[mask.sites()[i]] = i;
  const bool wraps = physics.edge == drum::Boundary::periodic,
             open = physics.edge == drum::Boundary::reflecting;
  std::vector<Eigen::Triplet<double>> entries;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t neighbours = 0;
    mask.for_neighbours(mask.sites()[i], wraps, [&](std::size_t j) {
      ++neighbours;
      entries.emplace_back(static_cast<int>(i), static_cast<int>(place[j]), -1.0);
    });
    entries.emplace_back(static_cast<int>(i), static_cast<int>(i),
                         open ? static_cast<double>(neighbours) : 4.0);
  }
  Matrix laplacian(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  laplacian.setFromTriplets(entries.begin(), entries.end());

  const auto count = static_cast<Eigen::Index>(options.count);
  const Eigen::Index space = std::min<Eigen::Index>(static_cast<Eigen::Index>(n), 2 * count + 20);
  Spectra::SparseSymShiftSolve<double> inverse(laplacian);
  // Shift to a little below 0: a free membrane has the eigenvalue 0, and the matrix must be invertible.
  Spectra::SymEigsShiftSolver<Spectra::SparseSymShiftSolve<double>> solver(inverse, count, space, -1e-6);
  solver.init();
  const Eigen::Index found =
      solver.compute(Spectra::SortRule::LargestMagn, 1000, 1e-13, Spectra::SortRule::SmallestAlge);
  if (solver.info() != Spectra::CompInfo::Successful || found < count)
    throw Error(where, "eigenvalues", std::to_string(count) + " that converge", std::to_string(found));
  const Eigen::VectorXd values = solver.eigenvalues();
  std::vector<Eigen::Index> order(options.count);
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<Eigen::Index>(k);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });

  Modes result{{}, {}, physics};
  const double h2 = physics.spacing * physics.spacing;
  for (const Eigen::Index k : order) result.eigenvalues.push_back(values[k] / h2);
  if (!options.shapes) return result;
  const Eigen::MatrixXd vectors = solver.eigenvectors(count);
  for (const Eigen::Index k : order) {
    Eigen::Index largest = 0;
    vectors.col(k).cwiseAbs().maxCoeff(&largest);
    const double sign = vectors(largest, k) < 0 ? -1 : 1;
    std::vector<float> shape(mask.height() * mask.width());
    for (std::size_t i = 0; i < n; ++i)
      shape[mask.sites()[i]] = static_cast<float>(sign * vectors(static_cast<Eigen::Index>(i), k));
    result.shapes.push_back(std::move(shape));
  }
  return result;
} catch (const Error&) {
  throw;
} catch (const std::exception& e) {  // Spectra's own, or memory that is not there
  throw Error("nwm::modes of " + mask.name(), "eigenvalues", "ones that the solver finds", e.what());
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
