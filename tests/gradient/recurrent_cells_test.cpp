// The recurrent networks without wave bias: their cells on both backends, and whole machines made of them.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_recurrent_cells

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "machine.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/backend/cpu/simd.hpp"
#if __has_include(<thrust/for_each.h>)
#include "nwm/backend/device/host.hpp"
#endif
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/check/check_cell.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"

namespace {

using namespace nwm::cell;
using nwm::cpu::Scalar;
using nwm::cpu::Simd;
using Cells = std::tuple<Lstm, Gru, Rnn>;

void require_right(const nwm::CellReport& report) {
  BOOST_TEST(report.ok(), report.text());
  BOOST_TEST(report.gradient.error < 1e-6, report.text());
  BOOST_TEST(report.gradient.compared > 0);
  BOOST_TEST(report.backend.compared > 0);
}

template <class Cell, class Readout, std::size_t steps>
using Machine = nwm::WaveMachine<nwm::Shape{.height = 5,
                                            .width = 7,
                                            .image_channels = 2,
                                            .oscillators = 2,
                                            .steps = steps,
                                            .classes = 3,
                                            .encoder_width = 3},
                                 Readout, nwm::head::Hidden<5>, Cell, Scalar, double>;

template <class M>
void every_slice_has_its_gradient(const std::string& without = "") {
  tools::Problem<M> problem(5, {.seed = 3});
  const auto report = tools::check_slices(problem, problem.gradient(), 6, tools::parts_of<M>(without));
  for (const std::string& fault : report.faults) BOOST_TEST(false, fault);
  BOOST_TEST(report.ok());
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// One site of stage s of a step against the equations, written once more.
template <class Cell, std::size_t s, std::size_t groups, std::size_t reads>
auto stage(const std::array<double, groups>& coupled, const std::array<double, reads>& site) {
  return nwm::cell::Stage<Cell, s>::update(Cell{}, coupled, site);
}

}  // namespace

// On square and lopsided grids, one channel and more, one step and many.
BOOST_AUTO_TEST_CASE_TEMPLATE(cells, Cell, Cells) {
  using nwm::Grid;
  require_right(nwm::check_cell<Cell, Scalar>());
#if __has_include(<thrust/for_each.h>)
  require_right(nwm::check_cell<Cell, nwm::device::Host<>>({.coordinates = 10}));
#endif
  require_right(nwm::check_cell<Cell, Simd<>, Grid<3, 17>, 3, 4>({.seed = 2, .coordinates = 20}));
  require_right(nwm::check_cell<Cell, Simd<>, Grid<4, 4>, 1, 1>({.seed = 3}));
  require_right(nwm::check_cell<Cell, Scalar, Grid<3, 5>, 1, 20>({.seed = 4, .coordinates = 10}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(machines, Cell, Cells) {
  every_slice_has_its_gradient<Machine<Cell, nwm::readout::Linear, 6>>();
  every_slice_has_its_gradient<Machine<Cell, nwm::readout::Last, 3>>("fc_time");
}

BOOST_AUTO_TEST_CASE(the_equations_of_the_lstm) {
  const auto [hz, hc] = stage<Lstm, 0>(std::array{0.3, -0.7, 1.1, 0.4}, std::array{0.9});
  const double memory = sigmoid(-0.7) * 0.9 + sigmoid(0.3) * std::tanh(1.1);
  BOOST_TEST(std::abs(hc - memory) < 1e-15);
  BOOST_TEST(std::abs(hz - sigmoid(0.4) * std::tanh(memory)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(the_equations_of_the_gru) {
  const auto [u] = stage<Gru, 0>(std::array{0.3}, std::array<double, 0>{});
  const auto [kept] = stage<Gru, 1>(std::array{-0.2}, std::array{0.9});
  const auto [hz] = stage<Gru, 2>(std::array{0.8}, std::array{0.9, u});
  BOOST_TEST(std::abs(u - sigmoid(0.3)) < 1e-15);
  BOOST_TEST(std::abs(kept - sigmoid(-0.2) * 0.9) < 1e-15);
  BOOST_TEST(std::abs(hz - ((1 - sigmoid(0.3)) * 0.9 + sigmoid(0.3) * std::tanh(0.8))) < 1e-15);
}

BOOST_AUTO_TEST_CASE(the_equations_of_the_rnn) {
  const auto [inflow] = stage<Rnn, 0>(std::array{-0.5}, std::array<double, 0>{});
  BOOST_TEST(inflow == -0.5);
  BOOST_TEST((stage<Rnn, 1>(std::array{0.75}, std::array{inflow})[0] == 0.25));
  BOOST_TEST((stage<Rnn, 1>(std::array{0.25}, std::array{inflow})[0] == 0));
}
