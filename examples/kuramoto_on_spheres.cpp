// Artificial Kuramoto oscillatory neurons (Miyato et al., ICLR 2025, arXiv 2410.13821), the convolutional
// form, on Tetrominoes: every neuron is a unit vector that turns, and is drawn by its neighbours and by the
// image.
#include <array>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>

constexpr auto start(std::size_t f, nwm::Name name) {
  return nwm::cell::encoded_state(f, name, 2, nwm::Activation::tanh);
}
constexpr auto stimulus(std::size_t f, nwm::Name name) {
  return nwm::cell::encoded_map(f, name, 2, nwm::Activation::none);
}

/// x' = Π(x + γ (Ω x + Proj_x(c + J ∗ x))), x in the unit sphere of four components: Proj_x takes away what
/// is along x, Π scales to length 1. Ω turns the planes of components 0, 1 and 2, 3 by a trained rate each.
struct Akorn {
  static constexpr std::string_view name = "akorn";
  double gamma = 0.5;
  static constexpr auto numbers = nwm::cell::numbers("gamma", &Akorn::gamma);

  enum Field : std::size_t { x0, x1, x2, x3, c0, c1, c2, c3, turn0, turn1 };
  static constexpr std::array fields{start(x0, "x0"),
                                     start(x1, "x1"),
                                     start(x2, "x2"),
                                     start(x3, "x3"),
                                     stimulus(c0, "c0"),
                                     stimulus(c1, "c1"),
                                     stimulus(c2, "c2"),
                                     stimulus(c3, "c3"),
                                     nwm::cell::trained_channels(turn0, "cell.omega0", -1, 1),
                                     nwm::cell::trained_channels(turn1, "cell.omega1", -1, 1)};
  static constexpr std::size_t recorded = x0;
  static constexpr nwm::cell::Coupling coupling{.name = "cell.J", .from = {x0, x1, x2, x3}, .groups = 4};

  template <class Site>
  static constexpr void update(const Akorn& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V gamma(cell.gamma);
    const V turned[4]{-now[turn0] * now[x1], now[turn0] * now[x0], -now[turn1] * now[x3],
                      now[turn1] * now[x2]};
    V force[4]{now[c0] + now.coupled(0), now[c1] + now.coupled(1), now[c2] + now.coupled(2),
               now[c3] + now.coupled(3)};
    const V along = now[x0] * force[0] + now[x1] * force[1] + now[x2] * force[2] + now[x3] * force[3];
    V moved[4], square = V(1e-6);
    for (std::size_t i = 0; i < 4; ++i) {
      moved[i] = now[i] + gamma * (turned[i] + force[i] - along * now[i]);
      square += moved[i] * moved[i];
    }
    using nwm::math::sqrt;
    const V length = sqrt(square);
    for (std::size_t i = 0; i < 4; ++i) next[i] = moved[i] / length;
  }
};

using Machine = nwm::WaveMachine<nwm::Shape{.height = 20,
                                            .width = 20,
                                            .image_channels = 3,
                                            .oscillators = 2,
                                            .steps = 8,
                                            .classes = 6,
                                            .encoder_width = 8},
                                 nwm::readout::Linear, nwm::head::Narrow, Akorn>;

int main() {
  const auto report = nwm::check_cell<Akorn>();
  std::printf("%s", report.text().c_str());
  const auto data = nwm::data::tetrominoes<Machine>(
      {.images = 300, .validation = 30, .test = 30, .seed = 1, .cell = 3, .max_pieces = 2});
  nwm::Trainer<Machine> trainer({.learning_rate = 5e-3, .batch = 16, .epochs = 4, .clip_norm = 1});
  const double before = nwm::evaluate(trainer.best(), data.test).loss;
  trainer.fit(data.train, data.validation, nwm::progress_bar());
  const double after = nwm::evaluate(trainer.best(), data.test).loss;
  const bool ok = report.ok() && after < 0.5 * before;
  std::printf("test loss %.3f, untrained %.3f: %s\n", after, before, ok ? "ok" : "not learned");
  return ok ? 0 : 1;
}
