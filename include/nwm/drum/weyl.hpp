// Area and perimeter of any drum from the density of its tones: Weyl's law.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "nwm/error.hpp"

namespace nwm {

/// Area and perimeter with errors. An error combines (as a root of squares) twice the spread of the averaged
/// fits and the effect of the law's unknown constant (±0.3).
struct WeylEstimate {
  double area = 0, area_error = 0;            ///< length²
  double perimeter = 0, perimeter_error = 0;  ///< length
  std::size_t modes = 0;                      ///< modes used
};

namespace detail {

/// The terms of Weyl's law at eigenvalue λ: 4π times the number of modes up to λ for an area of 1, and minus
/// 4π times the correction for a perimeter of 1. In the continuum (spacing 0) they are λ and √λ. A lattice of
/// spacing h counts the wave vectors k with 4/h² (sin²(k_x h/2) + sin²(k_y h/2)) ≤ λ instead: the terms are
/// their area over π and their extent along an axis (exact for rims along the lattice). λ is at most 4/h².
struct WeylTerms {
  double area, perimeter;
};
inline WeylTerms weyl_terms(double eigenvalue, double spacing) {
  if (spacing == 0) return {eigenvalue, std::sqrt(eigenvalue)};
  const double h = spacing, s = eigenvalue * h * h / 4, edge = 2 / h * std::asin(std::sqrt(s));
  // The substitution sin²(k_x h/2) = s sin²φ makes the quarter's area a smooth integral; trapezoids converge
  // at once.
  constexpr int count = 64;
  double quarter = 0;
  for (int i = 0; i < count; ++i) {
    const double phi = std::numbers::pi / 2 * (i + 0.5) / count;
    const double x = std::sqrt(s) * std::sin(phi), y = std::sqrt(s) * std::cos(phi);
    quarter += std::asin(y) * y / std::sqrt(1 - x * x);
  }
  quarter *= 4 / (h * h) * std::numbers::pi / 2 / count;
  return {4 * quarter / std::numbers::pi, edge};
}

}  // namespace detail

/// Area and perimeter of a clamped drum from its lowest eigenvalues (ascending, with multiplicity). Fits A
/// and P by least squares in N(λ) = A λ/4π − P √λ/4π + 1/5 at the middles of the steps of N, once for every
/// cut-off from half of the modes to all of them, and returns the mean of the fits. (The constant depends on
/// corners and holes: disc 1/6, square 1/4, annulus 0.) `spacing`: of the lattice that gave the eigenvalues,
/// whose own count of wave vectors replaces λ and √λ; 0: the continuum. A rim that does not run along the
/// lattice lies about h/4 further out than drawn; the errors do not include this.
/// Throws Error for a spacing that is negative or not finite, fewer than 12 eigenvalues, for eigenvalues not
/// positive, not ascending or all alike, and, on a lattice, above 2/h², where rims not along the lattice do
/// not follow the law.
inline WeylEstimate weyl(std::span<const double> eigenvalues, double spacing) {
  const std::size_t n = eigenvalues.size();
  if (!(spacing >= 0) || !std::isfinite(spacing))
    throw Error("nwm::weyl", "spacing", "a finite length, or 0", shown_exactly(spacing));
  if (n < 12) throw Error("nwm::weyl", "eigenvalues", "at least 12", std::to_string(n));
  for (std::size_t i = 0; i < n; ++i)
    if (!(eigenvalues[i] > 0) || (i > 0 && eigenvalues[i] < eigenvalues[i - 1]))
      throw Error("nwm::weyl", "eigenvalues", "positive numbers in ascending order",
                  shown_exactly(eigenvalues[i]) + " at place " + std::to_string(i));
  if (eigenvalues[n - 1] * spacing * spacing > 2)
    throw Error("nwm::weyl", "largest eigenvalue", "at most 2/h^2 = " + shown_exactly(2 / spacing / spacing),
                shown_exactly(eigenvalues[n - 1]));
  WeylEstimate mean;
  double aa = 0, ab = 0, bb = 0, ay = 0, by = 0, a1 = 0, b1 = 0, area2 = 0, perimeter2 = 0;
  std::size_t fits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto [a, p] = detail::weyl_terms(eigenvalues[i], spacing);
    const double b = -p, y = 4 * std::numbers::pi * (static_cast<double>(i) + 0.5 - 0.2);
    aa += a * a, ab += a * b, bb += b * b, ay += a * y, by += b * y, a1 += a, b1 += b;
    if (i + 1 < std::max<std::size_t>(n / 2, 3)) continue;
    const double determinant = aa * bb - ab * ab;
    if (!(determinant > 0)) continue;
    const double area = (ay * bb - by * ab) / determinant, perimeter = (by * aa - ay * ab) / determinant;
    ++fits;
    mean.area += area, mean.perimeter += perimeter;
    area2 += area * area, perimeter2 += perimeter * perimeter;
  }
  if (fits == 0) throw Error("nwm::weyl", "eigenvalues", "different ones", "all alike");
  const double count = static_cast<double>(fits);
  mean.area /= count, mean.perimeter /= count, mean.modes = n;
  const double constant = 0.3 * 4 * std::numbers::pi / (aa * bb - ab * ab);
  mean.area_error = std::hypot(2 * std::sqrt(std::max(0.0, area2 / count - mean.area * mean.area)),
                               constant * (a1 * bb - b1 * ab));
  mean.perimeter_error =
      std::hypot(2 * std::sqrt(std::max(0.0, perimeter2 / count - mean.perimeter * mean.perimeter)),
                 constant * (b1 * aa - a1 * ab));
  return mean;
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
