// A neural cellular automaton (Mordvintsev et al., Distill 2020; Randazzo et al., "Self-classifying digits",
// Distill 2020): every pixel says what it belongs to, from what its neighbours say.
#include <array>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>
#include <tuple>

/// s' = s + dt (W2 relu(W1 [s; ∂x s; ∂y s; ∇² s; image] + b1)): a small network at every site that sees the
/// state, its differences and the image. The differences have no parameters.
struct Automaton {
  static constexpr std::string_view name = "automaton";
  double dt = 0.5;
  static constexpr auto numbers = nwm::cell::numbers("dt", &Automaton::dt);

  enum Field : std::size_t { s, image, dx, dy, curve, h0, h1, h2, h3 };
  static constexpr std::array fields{nwm::cell::encoded_state(s, "s", 1, nwm::Activation::tanh),
                                     nwm::cell::encoded_map(image, "image", 1, nwm::Activation::none),
                                     nwm::cell::intermediate(dx, "dx"),
                                     nwm::cell::intermediate(dy, "dy"),
                                     nwm::cell::intermediate(curve, "curve"),
                                     nwm::cell::intermediate(h0, "h0"),
                                     nwm::cell::intermediate(h1, "h1"),
                                     nwm::cell::intermediate(h2, "h2"),
                                     nwm::cell::intermediate(h3, "h3")};
  static constexpr std::size_t recorded = s;

  using Coupling = nwm::cell::Coupling;
  using Pattern = nwm::cell::Pattern;
  struct Differences {
    static constexpr Coupling coupling{
        .name = "differences", .from = {s}, .groups = 2, .pattern = Pattern::gradient};
    template <class Site>
    static constexpr void update(const Automaton&, const Site& now, Site& next) {
      next[dx] = now.coupled(0), next[dy] = now.coupled(1);
    }
  };
  struct Curvature {
    static constexpr Coupling coupling{
        .name = "curvature", .from = {s}, .pattern = Pattern::laplacian, .into = curve};
  };
  struct Hidden {
    static constexpr Coupling coupling{
        .name = "cell.W1", .from = {s, dx, dy, curve, image}, .groups = 4, .size = 1, .bias = true};
    template <class Site>
    static constexpr void update(const Automaton&, const Site& now, Site& next) {
      using nwm::math::relu;
      next[h0] = relu(now.coupled(0)), next[h1] = relu(now.coupled(1));
      next[h2] = relu(now.coupled(2)), next[h3] = relu(now.coupled(3));
    }
  };
  struct Change {
    static constexpr Coupling coupling{.name = "cell.W2", .from = {h0, h1, h2, h3}, .size = 1};
    template <class Site>
    static constexpr void update(const Automaton& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[s] = now[s] + V(cell.dt) * now.coupled();
    }
  };
  using Stages = std::tuple<Differences, Curvature, Hidden, Change>;
};

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 6, .steps = 16, .classes = 5, .encoder_width = 8},
    nwm::readout::Last, nwm::head::Narrow, Automaton>;

int main() {
  const auto report = nwm::check_cell<Automaton>();
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
