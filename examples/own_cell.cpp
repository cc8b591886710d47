// A cell of one's own: the physics at one site is all there is to write. The library takes the derivative
// itself and gives SIMD, threads and backpropagation through time.
#include <algorithm>
#include <array>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/nwm.hpp>
#include <string_view>

/// The nonlinear Klein–Gordon equation u_tt = c² ∇²u − m² u − λ u³. Here c² ∇² is the learned 3×3 coupling K
/// (the Laplacian at first), the mass m² a map that the image sets:
///   v' = v + dt (K * u − m² ⊙ u − λ u³),   u' = u + dt v'
struct KleinGordon {
  static constexpr std::string_view name = "klein_gordon";
  double dt = 0.2, lambda = 1;
  static constexpr auto numbers = nwm::cell::numbers("dt", &KleinGordon::dt, "lambda", &KleinGordon::lambda);

  enum Field : std::size_t { u, v, mass };
  static constexpr std::array fields{nwm::cell::encoded_state(u, "u", 3, nwm::Activation::tanh),
                                     nwm::cell::resting_state(v, "v"),
                                     nwm::cell::encoded_map(mass, "mass", 3, nwm::Activation::relu)};
  static constexpr std::size_t recorded = u;
  static constexpr nwm::cell::Coupling coupling{
      .name = "cell.K", .from = {u}, .initial = nwm::Initial::laplacian};

  template <class Site>
  static constexpr void update(const KleinGordon& cell, const Site& now, Site& next) {
    using V = typename Site::Value;
    const V cubic = V(cell.lambda) * now[u] * now[u] * now[u];
    const V velocity = now[v] + V(cell.dt) * (now.coupled() - now[mass] * now[u] - cubic);
    next[u] = now[u] + V(cell.dt) * velocity;
    next[v] = velocity;
  }
};

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 4, .steps = 24, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow, KleinGordon>;

int main() {
  // Gradients against differences in double, and SIMD against the plain loops.
  const nwm::CellReport report = nwm::check_cell<KleinGordon>();
  std::printf("%s", report.text().c_str());

  const auto data = nwm::data::polygons<Machine>({.images = 800, .seed = 1});
  nwm::Trainer<Machine> trainer({.learning_rate = 2e-3, .batch = 16, .epochs = 3});
  const double before = nwm::evaluate(trainer.best(), data.test).loss;
  trainer.fit(data.train, data.validation, nwm::progress_bar());
  const double after = nwm::evaluate(trainer.best(), data.test).loss;
  nwm::save(trainer.best(), "klein_gordon.safetensors");

  // Later, in this program or another: the weights know that they are KleinGordon's, and its dt and lambda.
  Machine machine;
  nwm::load(machine, "klein_gordon.safetensors");
  const auto [scores, labels] = nwm::predict(machine, data.test);  // (images, classes, H, W), (images, H, W)
  const auto waves = nwm::record(machine, data.test);              // u at every step: (images, T, C, H, W)
  std::printf("%zu of %zu numbers of the waves are of image 0, where %zu pixels are background\n",
              waves.each(), waves.values.size(), static_cast<std::size_t>(std::ranges::count(labels[0], 0)));

  const bool ok = report.ok() && after < 0.25 * before;
  std::printf("test loss %.3f, untrained %.3f: %s\n", after, before, ok ? "ok" : "not learned");
  return ok ? 0 : 1;
}
