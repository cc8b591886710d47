// An optimiser of one's own: Signum (Bernstein et al. 2018), which steps by the sign of a running mean of the
// gradient. nwm/optimizer/optimizer.hpp says what an optimiser is.
#include <array>
#include <cstdio>
#include <nwm/nwm.hpp>

struct Signum {
  double momentum = 0.9;
  static constexpr std::string_view name = "signum";
  static constexpr std::array<std::string_view, 1> state{"mean"};
  void check() const {
    nwm::optimizer::require_option("Signum", "momentum", momentum, momentum >= 0 && momentum < 1,
                                   "0 to below 1");
  }
  void options(const auto& f) const { f("momentum", momentum); }
  struct Rule {
    double momentum, rate;
    template <class V>
    constexpr V operator()(const V& p, const V& g, std::array<V, 1>& s) const {
      s[0] = V(momentum) * s[0] + V(1 - momentum) * g;
      using nwm::math::if_positive;
      return p - V(rate) * (if_positive(s[0], V(1), V(0)) - if_positive(V(0) - s[0], V(1), V(0)));
    }
  };
  Rule rule(std::uint64_t, double learning_rate) const { return {momentum, learning_rate}; }
};
static_assert(nwm::optimizer::Optimizer<Signum>);

using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 12, .classes = 5, .encoder_width = 4},
    nwm::readout::Linear, nwm::head::Narrow>;

int main() {
  const auto data = nwm::data::polygons<Machine>({.images = 200, .seed = 1});
  nwm::Trainer<Machine, nwm::loss::CrossEntropy, Signum> trainer(
      {.learning_rate = 1e-3, .batch = 10, .epochs = 4});
  double first = 0;
  trainer.fit(data.train, data.validation, [&](const nwm::Progress& p) {
    if (p.epoch == 1 && p.step == 1) first = p.loss;
  });
  std::printf("loss %.4f at first, %.4f at last\n", first, trainer.last_loss());
}
