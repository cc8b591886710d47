// A loss of one's own with an option: the pseudo-Huber loss, mean squares for small errors that grows like
// their magnitude for those beyond delta, so that a few wild targets do not rule. It is saved with a
// training.
#include <cmath>
#include <cstdio>
#include <nwm/loss/mean_squares.hpp>
#include <nwm/nwm.hpp>

/// δ² (sqrt(1 + (d/δ)²) − 1) for the distance d of score and target: MeanSquares with another kernel.
struct PseudoHuber : nwm::loss::MeanSquares {
  double delta = 1;

  static constexpr std::string_view name = "pseudo_huber";
  /// What a resumed run must have the same. The base's options do not know delta: without these lines the
  /// program does not compile.
  void options(const auto& f) const { f("delta", delta); }
  /// Asked when a trainer is made.
  void check_options() const {
    nwm::require_option("PseudoHuber", "delta", delta, delta > 0 && std::isfinite(delta),
                        "a positive number");
  }

  template <std::size_t outputs, class Real>
  struct Kernel {
    double factor, delta;
    std::size_t target_stride, stride;
    const Real* target;
    Real* scores;
    template <class Lane>
    constexpr typename Lane::Value operator()(Lane lane) const {
      using V = typename Lane::Value;
      using nwm::math::sqrt, nwm::math::if_positive;
      const V counts = if_positive(lane.load(target), V(1), V(0));
      V sum(0);
      for (std::size_t k = 0; k < outputs; ++k) {
        const V score = lane.load(scores + k * stride), wanted = lane.load(target + (k + 1) * target_stride);
        const V d = counts * (score - wanted), root = sqrt(V(1) + d * d * V(1 / (delta * delta)));
        sum += V(delta * delta) * (root - V(1));
        lane.store(scores + k * stride, V(factor) * d / root);
      }
      return sum;
    }
  };
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t target_stride, Real* scores,
              std::size_t stride) const {
    return Kernel<outputs, Real>{factor, delta, target_stride, stride, target, scores};
  }
  /// What a trainer compares, and `trainer.evaluate` returns.
  template <class Real>
  Metrics measure(std::span<const Real> scores, std::span<const Target> target, std::size_t outputs) const {
    Metrics m = MeanSquares::measure(scores, target, outputs);
    m.loss = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double d = double(scores[i]) - double(target[i]);
      m.loss += delta * delta * (std::sqrt(1 + d * d / (delta * delta)) - 1) / double(scores.size());
    }
    return m;
  }
};
static_assert(nwm::loss::Loss<PseudoHuber>);

using Machine =
    nwm::WaveMachine<nwm::Shape{.height = 12, .width = 12, .steps = 12, .encoder_width = 4, .outputs = 1},
                     nwm::readout::Linear, nwm::head::Hidden<16>>;

int main() {
  // How bright the neighbours to the left and right are; one number in fifty is wild.
  constexpr std::size_t images = 128, side = 12, sites = side * side;
  nwm::data::Targets::Floats pictures(images * sites), near(images * sites);
  nwm::Random random(1);
  for (float& p : pictures) p = static_cast<float>(random.uniform(0, 1));
  for (std::size_t i = 0; i < near.size(); ++i) {
    const std::size_t row = i / side * side, x = i % side;
    const float both = pictures[row + (x + 1) % side] + pictures[row + (x + side - 1) % side];
    near[i] = random.below(50) == 0 ? 20.0f : both;
  }
  const nwm::data::Dataset set({images, 1, side, side}, pictures, nwm::data::Targets::numbers(1, near));

  PseudoHuber loss;
  loss.delta = 0.5;
  nwm::Trainer<Machine, PseudoHuber> trainer(
      {.learning_rate = 5e-3, .batch = 16, .epochs = 15, .improvement = 0}, Machine(), loss);
  const double before = trainer.evaluate(set).loss;
  trainer.fit(set, set);
  std::printf("loss %.4f, %.4f before\n", trainer.evaluate(set).loss, before);
}
