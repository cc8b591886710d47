// A model of one's own, trained, evaluated and saved like those of the library: logistic regression on the 3×3
// neighbourhood of each pixel. No waves, no layers of the library's; what it has is the contract (nwm/model/model.hpp).
#include <array>
#include <cstdio>
#include <nwm/nwm.hpp>
#include <span>

struct Neighbourhood {
  // Sizes and names.
  static constexpr std::string_view kind = "neighbourhood";
  static constexpr nwm::Shape shape{.height = 16, .width = 16, .classes = 3};
  using Real = float;
  using Backend = nwm::cpu::Simd<>;
  static constexpr std::size_t sites = shape.sites(), images = 1, image_size = sites;
  static constexpr std::size_t outputs = shape.classes, score_size = outputs * sites, taps = 9;
  template <nwm::loss::Loss L>
  static constexpr std::size_t target_numbers = nwm::loss::EncodedTarget<L, outputs, images, sites>::size;

  // Parameters, named.
  static constexpr auto layout = nwm::exact_layout<[](auto& all) {
    all.add("weight", {outputs, taps}, taps);
    all.add("bias", {outputs}, taps);
  }>();
  static constexpr std::size_t parameter_count = layout.size;
  explicit Neighbourhood(std::uint64_t seed = 0) : numbers(layout, seed) {}
  std::span<Real, parameter_count> parameters() { return numbers.span(); }
  std::span<const Real, parameter_count> parameters() const { return numbers.span(); }

  // Memory for one image.
  struct Workspace {
    explicit Workspace(std::size_t target_numbers) : target(target_numbers) {}
    nwm::Buffer<Real> target, scores{score_size}, padded{18 * 18};
    nwm::loss::PoolMemory<Backend, Real, outputs, images> pool;
  };

  void scores(std::span<const Real, image_size> image, std::span<Real, score_size> out, Workspace& w) const {
    for (std::size_t y = 0; y < 16; ++y)
      for (std::size_t x = 0; x < 16; ++x) w.padded[(y + 1) * 18 + x + 1] = image[y * 16 + x];
    const Real* p = numbers.data();
    for (std::size_t k = 0; k < outputs; ++k)
      for (std::size_t s = 0; s < sites; ++s) {
        Real sum = p[outputs * taps + k];
        for (std::size_t t = 0; t < taps; ++t) sum += p[k * taps + t] * w.padded[near(s, t)];
        out[k * sites + s] = sum;
      }
  }

  /// Adds `scale` times the gradient of the summed loss, and returns that loss.
  template <nwm::loss::Loss L>
  double add_gradient(std::span<const Real, image_size> image, std::span<const typename L::Target> target, Real scale,
                      std::span<Real, parameter_count> gradient, Workspace& w, const L& loss) const {
    nwm::loss::EncodedTarget<L, outputs, images, sites>::set_all(loss, target, w.target.span());
    scores(image, std::span<Real, score_size>(w.scores.data(), score_size), w);
    double value = 0;  // the scores become the loss's slope in them
    nwm::loss::apply<Backend, outputs, images, sites>(loss, w.scores.data(),
                                                      static_cast<const Real*>(w.target.data()), scale, &value, w.pool);
    for (std::size_t k = 0; k < outputs; ++k)
      for (std::size_t s = 0; s < sites; ++s) {
        const Real slope = w.scores[k * sites + s];
        for (std::size_t t = 0; t < taps; ++t) gradient[k * taps + t] += slope * w.padded[near(s, t)];
        gradient[outputs * taps + k] += slope;
      }
    return value;
  }

 private:
  static std::size_t near(std::size_t site, std::size_t tap) {
    return (site / 16 + tap / 3) * 18 + site % 16 + tap % 3;
  }
  nwm::model::ParameterVector<Backend, Real, parameter_count> numbers;
};
static_assert(nwm::Model<Neighbourhood>);

int main() {
  // Bright pixels are 1, bright pixels with a dark one to the right 2: what the neighbourhood tells.
  const auto draw = [](std::size_t count, std::uint64_t seed) {
    nwm::Random random(seed);
    nwm::data::Dataset::Bytes pictures(count * 256), masks(count * 256);
    for (auto& v : pictures) v = random.below(2) != 0 ? 255 : 0;
    for (std::size_t i = 0; i < masks.size(); ++i)
      masks[i] = pictures[i] == 0 ? 0 : i % 16 < 15 && pictures[i + 1] != 0 ? 1 : 2;
    return nwm::data::Dataset({count, 1, 16, 16}, pictures, masks, "pixels");
  };
  const auto train = draw(64, 1), validation = draw(16, 2);
  nwm::Trainer<Neighbourhood> trainer({.learning_rate = 0.1, .batch = 16, .epochs = 30});
  trainer.fit(train, validation);
  const auto accuracy = nwm::evaluate(trainer.best(), validation).acc;
  std::printf("accuracy %.4f\n", accuracy);
  nwm::save(trainer.best(), "neighbourhood.safetensors");
  return accuracy > 0.99 ? 0 : 1;
}
