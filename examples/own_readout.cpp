// A readout of one's own: the power of each oscillator, (1/T) Σ y². It gathers squares where the library's
// MeanTime gathers the values themselves. nwm/readout/readout.hpp says what a readout is.
#include <cstdio>
#include <numeric>
#include <nwm/check/check_gradient.hpp>
#include <nwm/nwm.hpp>

/// to = factor · a · b, or to += factor · a · b: once at every column.
template <class Real>
struct Product {
  bool add;
  double factor;
  const Real *a, *b;
  Real* to;
  constexpr void operator()(auto lane) const {
    using V = typename decltype(lane)::Value;
    const V product = V(factor) * lane.load(a) * lane.load(b);
    lane.store(to, add ? lane.load(to) + product : product);
  }
};

struct Power : nwm::readout::MeanTime {  // one row and one feature a column; MeanTime's form divides by T
  static constexpr std::string_view name = "power";
  template <class B, std::size_t, std::size_t length, std::size_t n, class Real>
  static void gather(const Real*, std::size_t t0, const Real* y, Real* row) {
    for (std::size_t t = 0; t < length; ++t)
      B::template map<Real>(n, Product<Real>{t0 + t > 0, 1, y + t * n, y + t * n, row});
  }
  template <class B, std::size_t, std::size_t length, std::size_t n, class Real>
  static void gather_adjoint(const Real*, std::size_t, const Real* y, const Real* slope, Real* to, Real*) {
    for (std::size_t t = 0; t < length; ++t)  // the slope of y² is 2 y
      B::template map<Real>(n, Product<Real>{false, 2, y + t * n, slope, to + t * n});
  }
};
using Machine = nwm::WaveMachine<nwm::Shape{.height = 16, .width = 16, .steps = 24, .classes = 5}, Power>;

int main() {
  // The gradient of all powers' sum, against differences: six steps that come in two pieces, 21 columns.
  using B = Machine::Backend;
  std::vector<double> y(6 * 21), row(21), power(21), ones(21, 1.0), slope(y.size());
  nwm::Random random(1);
  for (double& v : y) v = random.uniform(-1, 1);
  double* none = nullptr;  // in the place of a learned matrix
  const auto value = [&] {
    for (const std::size_t t : {0, 3}) Power::gather<B, 6, 3, 21>(none, t, y.data() + t * 21, row.data());
    Power::form<B, 6, 21>(row.data(), 21, power.data(), 21);
    return std::accumulate(power.begin(), power.end(), 0.0);
  };
  Power::form_adjoint<B, 6, 21>(row.data(), 21, ones.data(), 21);
  Power::gather_adjoint<B, 6, 6, 21>(none, 0, y.data(), row.data(), slope.data(), none);
  const auto report = nwm::check_gradient(y, slope, value);

  const auto data = nwm::data::polygons<Machine>({.images = 400, .seed = 1});
  nwm::Trainer<Machine> trainer({.learning_rate = 2e-3, .batch = 16, .epochs = 3});
  trainer.fit(data.train, data.validation);
  const double loss = nwm::evaluate(trainer.best(), data.test).loss;
  std::printf("gradient's error %.1e, test loss %.3f\n", report.worst.error, loss);
  return report.ok() && loss < 0.5 ? 0 : 1;
}
