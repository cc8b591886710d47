// part/encoder/<data>/forward|backward: the four convolutions that compute y(0) from an image. An item is a
// pixel.
#include "nwm/layer/encoder.hpp"

#include "measure.hpp"
#include "nwm/backend/default.hpp"

namespace {

template <class Grid, std::size_t c_in, std::size_t c_out>
struct Case {
  static constexpr std::size_t c_mid = 16, sites = Grid::sites;
  using Encoder = nwm::layer::Encoder<Grid, c_in, c_mid, c_out, 4, nwm::Activation::tanh>;
  using B = nwm::DefaultBackend;
  static constexpr double weights = 9.0 * (c_in * c_mid + 2 * c_mid * c_mid + c_mid * c_out);
  static constexpr double first = 9.0 * c_in * c_mid;

  struct Memory {
    nwm::Buffer<float> parameters = bench::random_numbers(Encoder::parameters, -0.1, 0.1);
    nwm::Buffer<float> image = bench::random_numbers(c_in * sites, 0, 1);
    nwm::Buffer<float> above = bench::random_numbers(c_out * sites, -1e-3, 1e-3);
    nwm::Buffer<float> hidden{Encoder::hidden}, out{c_out * sites}, work{2 * c_mid * sites};
    nwm::Buffer<float> gradient{c_out * sites}, parameter_gradient{Encoder::parameters};
    nwm::Buffer<float> scratch{Encoder::template scratch<B>};
    Memory() { forward(); }
    void forward() {
      Encoder::template forward<B>(parameters.data(), image.data(), hidden.data(), out.data(),
                                   scratch.data());
    }
    void backward() {
      std::copy_n(above.data(), above.size(), gradient.data());
      Encoder::template backward<B>(parameters.data(), image.data(), hidden.data(), out.data(),
                                    gradient.data(), parameter_gradient.data(), static_cast<float*>(nullptr),
                                    work.data(), scratch.data());
    }
  };

  static bool add(const std::string& data) {
    bench::add("part/encoder/" + data + "/forward", [](benchmark::State& state) {
      bench::measure_part<Memory>(state, {.items = sites, .flops = 2 * weights * sites},
                                  [](Memory& m) { m.forward(); });
    });
    bench::add("part/encoder/" + data + "/backward", [](benchmark::State& state) {
      bench::measure_part<Memory>(state, {.items = sites, .flops = 2 * (2 * weights - first) * sites},
                                  [](Memory& m) { m.backward(); });
    });
    return true;
  }
};

const bool tetrominoes = Case<nwm::Grid<64, 64>, 3, 2>::add("tetrominoes");
const bool multi_mnist = Case<nwm::Grid<128, 128>, 1, 16>::add("multi_mnist");

}  // namespace
