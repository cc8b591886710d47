// A model of one's own, trained, evaluated and saved like the library's: one 3×3 convolution. What it has is
// the contract (nwm/model/model.hpp). It is written in a backend's words, so it would run on another.
#include <cstdio>
#include <nwm/nwm.hpp>

struct Convolution {
  static constexpr std::string_view kind = "convolution";
  static constexpr nwm::Shape shape{.height = 16, .width = 16, .classes = 3};
  using Real = float;
  using Backend = nwm::cpu::Simd<>;
  static constexpr std::size_t sites = shape.sites(), images = 1, image_size = sites;
  static constexpr std::size_t outputs = shape.classes, score_size = outputs * sites;
  template <nwm::loss::Loss L>
  static constexpr std::size_t target_numbers = nwm::loss::EncodedTarget<L, outputs, images, sites>::size;
  using Grid = nwm::Grid<16, 16, nwm::Zero>;
  using Stencil = nwm::Stencil<1, outputs, 3, nwm::Zero>;
  static constexpr auto layout = nwm::exact_layout<[](auto& all) { Stencil::describe(all, "conv"); }>();
  static constexpr std::size_t parameter_count = layout.size;
  explicit Convolution(std::uint64_t seed = 0) : numbers(layout, seed) {}
  auto parameters() { return numbers.span(); }
  auto parameters() const { return numbers.span(); }
  struct Workspace {
    explicit Workspace(std::size_t target_numbers) : target(target_numbers) {}
    nwm::Buffer<Real> target, slope{score_size}, scratch{Backend::scratch<Stencil, Grid>};
    nwm::loss::PoolMemory<Backend, Real, outputs, images> pool;
  };
  using Image = std::span<const Real, image_size>;
  void scores(Image image, std::span<Real, score_size> out, Workspace& w) const {
    Backend::couple<Stencil, Grid, nwm::Activation::none>(numbers.data(), std::array{image.data()},
                                                          out.data(), w.scratch.data());
  }
  template <nwm::loss::Loss L>  // adds `scale` times the gradient of the summed loss, and returns that loss
  double add_gradient(Image image, std::span<const typename L::Target> target, Real scale,
                      std::span<Real, parameter_count> gradient, Workspace& w, const L& loss) const {
    nwm::loss::EncodedTarget<L, outputs, images, sites>::set_all(loss, target, w.target.span());
    scores(image, std::span<Real, score_size>(w.slope.data(), score_size), w);
    double value = 0;  // the scores become the loss's slope in them
    nwm::loss::apply<Backend, outputs, images, sites>(loss, w.slope.data(), std::as_const(w.target).data(),
                                                      scale, &value, w.pool);
    Backend::couple_adjoint<Stencil, Grid>(numbers.data(), std::array{image.data()},
                                           std::as_const(w.slope).data(), std::array<Real*, 1>{nullptr},
                                           gradient.data(), w.scratch.data());
    return value;
  }
  nwm::model::ParameterVector<Backend, Real, parameter_count> numbers;
};
static_assert(nwm::Model<Convolution>);

int main() {
  nwm::Random random(1);  // class 1: bright, with a bright pixel to the right; 2: bright, with a dark one
  nwm::data::Dataset::Bytes pictures(64 * 256), masks(64 * 256);
  for (auto& v : pictures) v = random.below(2) != 0 ? 255 : 0;
  for (std::size_t i = 0; i < masks.size(); ++i)
    masks[i] = pictures[i] == 0 ? 0 : i % 16 < 15 && pictures[i + 1] != 0 ? 1 : 2;
  const nwm::data::Dataset set({64, 1, 16, 16}, pictures, masks);
  nwm::Trainer<Convolution> trainer({.learning_rate = 0.1, .batch = 16, .epochs = 30});
  trainer.fit(set, set);
  nwm::save(trainer.best(), "convolution.safetensors");
  std::printf("accuracy %.4f\n", nwm::evaluate(trainer.best(), set).acc);
}
