// BioOSS (Yuan et al. 2025): oscillatory state spaces on a sheet, where pressure and flow drive each other.
#include <array>
#include <cmath>
#include <cstdio>
#include <nwm/check/check_cell.hpp>
#include <nwm/data/sequences.hpp>
#include <nwm/loss/image_cross_entropy.hpp>
#include <nwm/model/sequence_machine.hpp>
#include <nwm/nwm.hpp>
#include <tuple>

/// o' = (1 − dt r) o − dt c² ∇p,   p' = (1 − dt k) p − dt ∇·o' + dt B u: sound on a sheet of neurons. The
/// speed c and the dampings r and k are trained for every channel; B takes the input everywhere.
struct BioOss {
  static constexpr std::string_view name = "bio_oss";
  double dt = 0.4;
  static constexpr auto numbers = nwm::cell::numbers("dt", &BioOss::dt);

  enum Field : std::size_t { u, p, ox, oy, source, c, r, k };
  static constexpr std::array fields{
      nwm::cell::driven(u, "u"),
      nwm::cell::resting_state(p, "p"),
      nwm::cell::resting_state(ox, "ox"),
      nwm::cell::resting_state(oy, "oy"),
      nwm::cell::intermediate(source, "source"),
      nwm::cell::trained_channels(c, "cell.c", 0.5, 1.2),
      nwm::cell::trained_channels(r, "cell.r", 0.01, 0.1, nwm::cell::Transform::relu),
      nwm::cell::trained_channels(k, "cell.k", 0.01, 0.1, nwm::cell::Transform::relu)};
  static constexpr nwm::cell::FieldList recorded{p, ox, oy};
  using Boundary = nwm::Reflecting;

  using Coupling = nwm::cell::Coupling;
  struct Input {
    static constexpr Coupling coupling{
        .name = "cell.B", .from = {u}, .reach = nwm::cell::Reach::dense, .into = source};
  };
  struct Flow {
    static constexpr Coupling coupling{
        .name = "slope", .from = {p}, .groups = 2, .pattern = nwm::cell::Pattern::gradient};
    template <class Site>
    static constexpr void update(const BioOss& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      const V keep = V(1) - V(cell.dt) * now[r], push = V(cell.dt) * now[c] * now[c];
      next[ox] = keep * now[ox] - push * now.coupled(0);
      next[oy] = keep * now[oy] - push * now.coupled(1);
    }
  };
  struct Pressure {
    static constexpr Coupling coupling{
        .name = "outflow", .from = {ox, oy}, .pattern = nwm::cell::Pattern::divergence};
    template <class Site>
    static constexpr void update(const BioOss& cell, const Site& now, Site& next) {
      using V = typename Site::Value;
      next[p] = (V(1) - V(cell.dt) * now[k]) * now[p] + V(cell.dt) * (now[source] - now.coupled());
    }
  };
  using Stages = std::tuple<Input, Flow, Pressure>;
};

constexpr std::size_t steps = 64, tones = 4;
using Machine = nwm::SequenceMachine<
    nwm::SequenceShape{
        .steps = steps, .height = 5, .width = 6, .oscillators = 2, .outputs = tones, .lanes = 16},
    BioOss, nwm::readout::AtEnd, nwm::head::Hidden<32>>;

/// One of four tones in noise as loud as itself, at any phase.
nwm::data::Dataset noisy_tones(std::size_t count, std::uint64_t seed) {
  nwm::Random random(seed);
  std::vector<float> x;
  std::vector<std::uint8_t> which;
  for (std::size_t i = 0; i < count; ++i) {
    which.push_back(static_cast<std::uint8_t>(random.below(tones)));
    const double rate = 0.25 + 0.2 * which.back(), phase = random.uniform(0, 6.28);
    for (std::size_t t = 0; t < steps; ++t)
      x.push_back(
          static_cast<float>(std::sin(rate * static_cast<double>(t) + phase) + random.uniform(-1.2, 1.2)));
  }
  return nwm::data::label_each(nwm::data::vectors(count, steps, 1), x, which);
}

int main() {
  const auto report =
      nwm::check_cell<BioOss, nwm::DefaultBackend, nwm::Abreast<nwm::Grid<3, 4, nwm::Reflecting>, 3>>();
  std::printf("%s", report.text().c_str());
  using Loss = nwm::loss::ImageCrossEntropy;
  nwm::Trainer<Machine, Loss> trainer({.learning_rate = 1e-2, .batch = 32, .epochs = 6, .clip_norm = 1});
  trainer.fit(noisy_tones(1600, 1), noisy_tones(200, 2), nwm::progress_bar());
  const auto metrics = nwm::evaluate(trainer.best(), noisy_tones(400, 3), 0, Loss{});
  const bool ok = report.ok() && metrics.acc > 0.9;
  std::printf("test: %s: %s\n", text(metrics).c_str(), ok ? "ok" : "not learned");
  return ok ? 0 : 1;
}
