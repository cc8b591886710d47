// A cell of one's own with an input at every step: FitzHugh–Nagumo neurons on a ring, which learn to say
// whether two pulses came soon after each other. From .npy files and back to .npy files.
#include <array>
#include <cstdio>
#include <nwm/cell/cell.hpp>
#include <nwm/check/check_cell.hpp>
#include <nwm/data/npy_sequences.hpp>
#include <nwm/io/npy.hpp>
#include <nwm/loss/image_cross_entropy.hpp>
#include <nwm/model/sequence_machine.hpp>
#include <nwm/nwm.hpp>

/// v' = v + dt (v − v³/3 − w + K ∗ v + I u),   w' = w + dt ε (v + 0.7 − 0.8 w)
/// v: membrane potential, w: recovery; ε, one a channel, is trained.
struct FitzHughNagumo {
  static constexpr std::string_view name = "fitzhugh_nagumo";
  double dt = 0.25;
  static constexpr auto numbers = nwm::cell::numbers("dt", &FitzHughNagumo::dt);

  enum Field : std::size_t { u, v, w, current, epsilon };
  static constexpr std::array fields{
      nwm::cell::driven(u, "u"), nwm::cell::resting_state(v, "v"), nwm::cell::resting_state(w, "w"),
      nwm::cell::intermediate(current, "current"),
      nwm::cell::trained_channels(epsilon, "cell.epsilon", 0.1, 0.4, nwm::cell::Transform::relu)};
  static constexpr std::size_t recorded = v;

  struct Inject {
    static constexpr nwm::cell::Coupling coupling{
        .name = "cell.I", .from = {u}, .bias = true, .reach = nwm::cell::Reach::dense, .into = current};
  };
  struct Fire {
    static constexpr nwm::cell::Coupling coupling{.name = "cell.K", .from = {v}};
    template <class Site>
    static constexpr void update(const FitzHughNagumo& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      const V dt(cell.dt), cubic = now[v] * now[v] * now[v] / V(3);
      next[w] = now[w] + dt * now[epsilon] * (now[v] + V(0.7) - V(0.8) * now[w]);
      next[v] = now[v] + dt * (now[v] - cubic - now[w] + now.coupled() + now[current]);
    }
  };
  using Stages = std::tuple<Inject, Fire>;
};

using Machine = nwm::SequenceMachine<
    nwm::SequenceShape{.inputs = 1, .steps = 40, .width = 12, .oscillators = 2, .outputs = 2, .lanes = 16},
    FitzHughNagumo>;

/// Pulses as NumPy would save them: float32 (N, 40, 1) with uint8 labels (N), 1 where they are near.
void write_pulses(std::size_t count, std::uint64_t seed, const char* inputs, const char* labels) {
  nwm::Array<float> x({count, Machine::steps, 1});
  nwm::Array<std::uint8_t> near({count});
  nwm::Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t apart = random.below(2) == 0 ? 2 + random.below(4) : 14 + random.below(8);
    const std::size_t first = random.below(Machine::steps - apart);
    x[i][first] = x[i][first + apart] = 1;
    near.values[i] = apart < 8;
  }
  nwm::io::write_npy(inputs, x);
  nwm::io::write_npy(labels, near);
}

int main() {
  const auto report =
      nwm::check_cell<FitzHughNagumo, nwm::DefaultBackend, nwm::Abreast<nwm::Grid<1, 5>, 3>>();
  std::printf("%s", report.text().c_str());

  write_pulses(1600, 1, "pulses.npy", "near.npy");
  write_pulses(400, 2, "test_pulses.npy", "test_near.npy");
  const auto train = nwm::data::load_sequences("pulses.npy", "near.npy");
  const auto test = nwm::data::load_sequences("test_pulses.npy", "test_near.npy");

  using Loss = nwm::loss::ImageCrossEntropy;
  nwm::Trainer<Machine, Loss> trainer({.learning_rate = 1e-2, .batch = 32, .epochs = 8, .clip_norm = 1});
  trainer.fit(train, test, nwm::progress_bar());
  const auto metrics = nwm::evaluate(trainer.best(), test, 0, Loss{});
  nwm::io::write_npy("scores.npy", nwm::predict(trainer.best(), test).scores);  // (N, 1, 2)
  nwm::io::write_npy("potentials.npy", nwm::record(trainer.best(), test));      // (N, 40, 2, 1, 12)
  const bool ok = report.ok() && metrics.acc > 0.9;
  std::printf("test: %s: %s\n", text(metrics).c_str(), ok ? "ok" : "not learned");
  return ok ? 0 : 1;
}
