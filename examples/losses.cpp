// Other targets, losses and optimisers: three small machines look at the same pictures of a bar, upright or
// lying, and learn a class for each pixel, one label for the image, and two numbers at each pixel.
#include <cstdio>
#include <nwm/nwm.hpp>

constexpr std::size_t images = 128, side = 12, sites = side * side;
using nwm::data::Dataset, nwm::data::Targets;

/// A machine for that many numbers at each pixel: scores of classes, or what a regression asks for.
template <std::size_t outputs>
using Machine =
    nwm::WaveMachine<nwm::Shape{
                         .height = side, .width = side, .steps = 12, .encoder_width = 4, .outputs = outputs},
                     nwm::readout::Linear, nwm::head::Hidden<16>>;

/// Trains; whether the loss fell to less than `share` of what it was.
template <class Trainer>
bool learns(Trainer& trainer, const Dataset& set, double share) {
  const auto loss = [&] { return trainer.evaluate(set).loss; };  // by the trainer's own loss
  const double before = loss();
  trainer.fit(set, set);
  const double after = loss();
  std::printf("%s by %s: loss %.4f, %.4f before\n", Trainer::Loss::name.data(),
              Trainer::Optimizer::name.data(), after, before);
  return after < share * before;
}

int main() {
  Targets::Bytes pictures(images * sites), masks(images * sites), bars(images);
  Targets::Floats near(images * 2 * sites);  // how near an upright bar is, and how near a lying one
  nwm::Random random(1);
  for (std::size_t i = 0; i < images; ++i) {
    const std::size_t lying = random.below(2), place = 2 + random.below(side - 4);
    bars[i] = static_cast<std::uint8_t>(1 + lying);
    for (std::size_t p = 0; p < sites; ++p) {
      const std::size_t across = lying ? p / side : p % side, along = lying ? p % side : p / side;
      const bool on = across == place && along >= 3 && along < side - 3;
      pictures[i * sites + p] = on ? 255 : 0;
      masks[i * sites + p] = along == 0 ? 255 : on ? bars[i] : 0;  // 255: nobody knows
      near[(2 * i + lying) * sites + p] =
          1.0f / static_cast<float>(1 + (across > place ? across - place : place - across));
    }
  }
  const nwm::data::Extent extent{images, 1, side, side};
  const nwm::TrainerOptions options{.learning_rate = 5e-3, .batch = 16, .epochs = 20};

  // A class a pixel: pixels of class 255 count nothing, and the background counts a tenth of a bar.
  using Weighted = nwm::loss::WeightedCrossEntropy<3>;
  nwm::Trainer<Machine<3>, Weighted, nwm::optimizer::AdamW> pixels(
      options, Machine<3>(), Weighted{.weights = {0.1, 1, 1}, .ignore_index = 255}, {.weight_decay = 0.05});
  bool ok = learns(pixels, {extent, pictures, masks}, 0.5);

  // One label an image: scores are averaged over its pixels. Adam, as where no optimiser is named.
  nwm::Trainer<Machine<3>, nwm::loss::ImageCrossEntropy> labels(options);
  ok = learns(labels, {extent, pictures, Targets::labels(bars)}, 0.5) && ok;
  // And on from there by gradient descent with Nesterov's momentum.
  nwm::Trainer<Machine<3>, nwm::loss::ImageCrossEntropy, nwm::optimizer::Sgd> finer(
      {.learning_rate = 0.05, .batch = 16, .epochs = 20, .improvement = 0}, labels.best(), {},
      {.momentum = 0.9, .nesterov = true});
  ok = learns(finer, {extent, pictures, Targets::labels(bars)}, 0.9) && ok;

  // Two numbers a pixel: mean squares.
  nwm::Trainer<Machine<2>, nwm::loss::MeanSquares> numbers(options);
  ok = learns(numbers, {extent, pictures, Targets::numbers(2, near)}, 0.5) && ok;
  std::printf("%s\n", ok ? "all learned: ok" : "not learned");
  return ok ? 0 : 1;
}
