// A loss of one's own: the focal loss (Lin et al. 2017), which cares little for pixels already told. It is
// the library's cross-entropy with another kernel (nwm/loss/loss.hpp says what a loss is).
#include <cstdio>
#include <nwm/nwm.hpp>

/// (1 − p)² · −log p for the probability p of the right class, by softmax: CrossEntropy with another kernel.
struct Focal : nwm::loss::CrossEntropy {
  static constexpr std::string_view name = "focal";
  /// At one pixel: returns the loss, and replaces each score by factor times the loss's slope in it.
  template <std::size_t outputs, class Real>
  struct Kernel {
    double factor;
    std::size_t stride;
    const Real* target;
    Real* scores;
    template <class Lane>
    constexpr typename Lane::Value operator()(Lane lane) const {
      using V = typename Lane::Value;
      using nwm::math::exp, nwm::math::log, nwm::math::if_positive, nwm::math::abs;
      const V wanted = lane.load(target);
      const auto is = [&](std::size_t k) {
        return if_positive(V(0.5) - abs(wanted - V(double(k))), V(1), V(0));
      };
      V largest = lane.load(scores), sum(0), chosen(0);
      for (std::size_t k = 1; k < outputs; ++k)
        largest = nwm::math::max(largest, lane.load(scores + k * stride));
      for (std::size_t k = 0; k < outputs; ++k) {
        const V shifted = lane.load(scores + k * stride) - largest;
        sum += exp(shifted);
        chosen += is(k) * shifted;
      }
      const V q = chosen - log(sum), p = exp(q), rest = V(1) - p;  // q = log p
      const V counts = if_positive(wanted + V(0.5), V(1), V(0));
      const V slope = counts * (V(2) * rest * p * q - rest * rest);  // in q; dq/ds = onehot − softmax
      for (std::size_t k = 0; k < outputs; ++k) {
        const V share = exp(lane.load(scores + k * stride) - largest) / sum;
        lane.store(scores + k * stride, V(factor) * slope * (is(k) - share));
      }
      return V(0) - counts * rest * rest * q;
    }
  };
  template <std::size_t outputs, class Real>
  auto kernel(double factor, const Real* target, std::size_t, Real* scores, std::size_t stride) const {
    return Kernel<outputs, Real>{factor, stride, target, scores};
  }
};
static_assert(nwm::loss::Loss<Focal>);
using Machine = nwm::WaveMachine<
    nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 12, .classes = 5, .encoder_width = 4},
    nwm::readout::Linear, nwm::head::Narrow>;

int main() {
  const auto data = nwm::data::polygons<Machine>({.images = 200, .seed = 1});
  nwm::Trainer<Machine, Focal> trainer({.learning_rate = 2e-3, .batch = 10, .epochs = 4});
  double first = 0;
  trainer.fit(data.train, data.validation, [&](const nwm::Progress& p) {
    if (p.epoch == 1 && p.step == 1) first = p.loss;
  });
  std::printf("loss %.4f at first, %.4f at last\n", first, trainer.last_loss());
}
