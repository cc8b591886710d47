// Stuart–Landau oscillators, the normal form of a neuron at the onset of rhythm, coupled over the image.
#include <array>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>

/// z' = (z + dt ((mu + i omega) z + K ∗ z)) / (1 + dt |z|²), z complex: the equation
/// ż = (mu + i omega) z − |z|² z + K ∗ z, its cubic term taken at the end of the step, so that nothing grows
/// without bound. mu, how far a neuron is beyond the onset, and
/// omega, its natural frequency, are maps that the image sets; K couples both parts to both.
struct StuartLandau {
  static constexpr std::string_view name = "stuart_landau";
  double dt = 0.2;
  static constexpr auto numbers = nwm::cell::numbers("dt", &StuartLandau::dt);

  enum Field : std::size_t { re, im, mu, omega };
  static constexpr std::array fields{nwm::cell::encoded_state(re, "re", 3, nwm::Activation::tanh),
                                     nwm::cell::encoded_state(im, "im", 3, nwm::Activation::tanh),
                                     nwm::cell::encoded_map(mu, "mu", 3, nwm::Activation::tanh),
                                     nwm::cell::encoded_map(omega, "omega", 3, nwm::Activation::relu)};
  static constexpr std::size_t recorded = re;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {re, im}, .groups = 2};

  template <class Site>
  static constexpr void update(const StuartLandau& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V dt(cell.dt), damped = V(1) + dt * (now[re] * now[re] + now[im] * now[im]);
    next[re] = (now[re] + dt * (now[mu] * now[re] - now[omega] * now[im] + now.coupled(0))) / damped;
    next[im] = (now[im] + dt * (now[mu] * now[im] + now[omega] * now[re] + now.coupled(1))) / damped;
  }
};

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 4, .steps = 24, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow, StuartLandau>;

int main() {
  const auto report = nwm::check_cell<StuartLandau>();
  std::printf("%s", report.text().c_str());
  const auto data = nwm::data::polygons<Machine>({.images = 400, .seed = 1});
  nwm::Trainer<Machine> trainer({.learning_rate = 5e-3, .batch = 16, .epochs = 4, .clip_norm = 1});
  const double before = nwm::evaluate(trainer.best(), data.test).loss;
  trainer.fit(data.train, data.validation, nwm::progress_bar());
  const double after = nwm::evaluate(trainer.best(), data.test).loss;
  const bool ok = report.ok() && after < 0.5 * before;
  std::printf("test loss %.3f, untrained %.3f: %s\n", after, before, ok ? "ok" : "not learned");
  return ok ? 0 : 1;
}
