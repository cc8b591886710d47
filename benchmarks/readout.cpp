// part/readout/<name>/forward|adjoint: from the series of two channels on 64 × 64 over 100 steps to the
// readout's rows, and back. An item is a site. Bytes count the series and the rows, each read or written
// once.
#include "measure.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"

namespace {

constexpr std::size_t sites = 64 * 64, channels = 2, steps = 100, columns = channels * sites;

template <class Readout>
struct Memory {
  static constexpr std::size_t rows = Readout::template rows<steps>;
  static constexpr std::size_t constant_size = nwm::readout::constant_size<Readout, steps>;
  static constexpr std::size_t matrix_size =
      constant_size > 0 ? constant_size : Readout::template matrix_rows<steps>* steps;
  nwm::Buffer<float> matrix = bench::random_numbers(matrix_size, -0.1, 0.1);
  nwm::Buffer<float> series = bench::random_numbers(steps * columns, -1, 1);
  nwm::Buffer<float> gathered = bench::random_numbers(rows * columns, -1, 1);
  nwm::Buffer<float> series_gradient{steps * columns}, matrix_gradient{matrix_size};
};

template <class Readout>
bool add() {
  using B = nwm::DefaultBackend;
  constexpr bool linear = Readout::learns_matrix, fft = std::is_same_v<Readout, nwm::readout::Fft>;
  constexpr std::size_t rows = Memory<Readout>::rows;
  constexpr double product = linear || fft ? 2.0 * rows * steps * columns : 0;
  constexpr double series = std::is_same_v<Readout, nwm::readout::Last> ? 1 : steps;
  constexpr double bytes = (series + rows) * columns * sizeof(float);
  const std::string name = "part/readout/" + std::string(Readout::name);
  bench::add(name + "/forward", [](benchmark::State& state) {
    const bench::Work work{.items = sites, .flops = product, .bytes = bytes};
    bench::measure_part<Memory<Readout>>(state, work, [](auto& m) {
      Readout::template gather<B, steps, steps, columns>(m.matrix.data(), 0, m.series.data(),
                                                         m.gathered.data());
    });
  });
  bench::add(name + "/adjoint", [](benchmark::State& state) {
    // The linear readout reads the series once more, for its matrix's gradient.
    const bench::Work work{.items = sites,
                           .flops = linear ? 2 * product : product,
                           .bytes = (steps + rows + (linear ? steps : 0.0)) * columns * sizeof(float)};
    bench::measure_part<Memory<Readout>>(state, work, [](auto& m) {
      Readout::template gather_adjoint<B, steps, steps, columns>(m.matrix.data(), 0, m.series.data(),
                                                                 m.gathered.data(), m.series_gradient.data(),
                                                                 m.matrix_gradient.data());
    });
  });
  return true;
}

using namespace nwm::readout;
const bool registered = add<Linear>() && add<Fft>() && add<Last>() && add<MeanTime>() && add<MaxTime>();

}  // namespace
