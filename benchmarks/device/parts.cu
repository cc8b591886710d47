// part/waves/<grid>/forward|gradient      all wave steps of a batch, as a machine runs them
// part/encoder/<data>/forward|backward    the four convolutions that compute y(0) from an image
// part/head/<kind>/…/<precision>          the per-pixel head, tile by tile
// part/readout/<data>/…/<precision>       the linear readout's product
// Bytes are the least that must move: inputs read once, results written once.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "numbers.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/tiles.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/time/recurrence.hpp"
#include "timing.hpp"

namespace device_bench {
namespace {

using namespace nwm::device::precision;
constexpr std::size_t images = Place::batch;
template <class Precision>
using B = Place::Backend<images, Precision>;
constexpr nwm::Shape tetrominoes = Place::sized(bench::tetrominoes);
constexpr nwm::Shape multi_mnist = Place::sized(bench::multi_mnist);
template <nwm::Shape shape, nwm::Boundary Boundary>
using Field = nwm::PassGrid<B<Full>, nwm::Grid<shape.height, shape.width, Boundary>>;

constexpr double bytes_of(std::size_t numbers) { return sizeof(float) * static_cast<double>(numbers); }

// ---- waves ----------------------------------------------------------------------------------------------
/// Sets numbers of [−1e-3, 1e-3) that look random.
struct SetAnew {
  float* to;
  template <class Lane>
  constexpr void operator()(Lane lane) const {
    const auto mixed = static_cast<unsigned>(lane.index) * 2654435761U;
    to[lane.index] = (static_cast<float>(mixed >> 9) * 0x1p-22F - 1.0F) * 1e-3F;
  }
};
template <nwm::Shape shape>
struct Waves {
  using Cell = nwm::cell::Wave;
  using Here = B<Full>;
  using W = nwm::model::Recurrence<Cell, Field<shape, nwm::Periodic>, shape.oscillators, shape.steps, 1, Here,
                                   float>;
  Waves() {
    const Numbers<Here> start(W::columns, 0, 1);
    for (const std::size_t field : {std::size_t{Cell::y}, std::size_t{Cell::omega}, std::size_t{Cell::alpha}})
      Here::copy(W::columns, start.data(), tape.initial(field));
    Here::wait();
  }
  void forward() { W::run(Cell{}, parameters.data(), tape, 0, scratch.data()); }
  /// With the series' gradient set before it, as a readout does: the way back may overwrite it.
  void backward() {
    adjoint.clear();
    Here::map<float>(series_gradient.size(), SetAnew{series_gradient.data()});
    W::run_back(Cell{}, parameters.data(), tape, 0, series_gradient.data(), adjoint,
                parameter_gradient.data(), scratch.data());
  }

  typename W::Tape tape;
  typename W::Adjoint adjoint;
  Numbers<Here> parameters{W::parameters, -0.1, 0.1}, series_gradient{shape.steps * W::columns, 0, 0};
  typename Here::template Memory<float> parameter_gradient{W::parameters};
  typename Here::template Memory<float> scratch{std::max<std::size_t>(W::scratch, 1)};
};

template <nwm::Shape shape>
bool add_waves(const std::string& grid) {
  using M = Waves<shape>;
  constexpr std::size_t columns = M::W::columns, steps = shape.steps;
  constexpr double products =
      2.0 * static_cast<double>(M::W::parameters / shape.oscillators * columns * steps);
  const auto timed = [](Entry& entry, const Options& options, const bench::Work& work, auto ask) {
    const MemoryUse memory;
    const auto waves = std::make_unique<M>();
    measure(entry, options, work, as_one<B<Full>>([&] { ask(*waves); }));
    memory.report(entry);
  };
  // y(0), omega, alpha in; the tape out, all planes of it.
  constexpr std::size_t tape = M::W::Map::planes_of(steps);
  add("part/waves/" + grid + "/forward/float32", [timed](Entry& entry, const Options& options) {
    timed(entry, options, {.items = images, .flops = products, .bytes = bytes_of((3 + tape) * columns)},
          [](M& m) { m.forward(); });
  });
  // The tape again and the series' gradient out and in; the gradients of the coupled values, y(0), omega and
  // alpha out.
  constexpr std::size_t sent = M::W::parameters * sizeof(float) <= 40 * sizeof(float) ? 0 : steps;
  add("part/waves/" + grid + "/gradient/float32", [timed](Entry& entry, const Options& options) {
    timed(entry, options,
          {.items = images,
           .flops = 3 * products,
           .bytes = bytes_of((3 + tape + tape + 2 * steps + sent + 3) * columns)},
          [](M& m) {
            m.forward();
            m.backward();
          });
  });
  return true;
}

// ---- encoders -------------------------------------------------------------------------------------------
template <nwm::Shape shape>
struct Encoding {
  using G = Field<shape, nwm::Zero>;
  static constexpr std::size_t c_in = shape.image_channels, c_mid = shape.encoder_width,
                               c_out = shape.oscillators, sites = G::sites;
  using Encoder = nwm::layer::Encoder<G, c_in, c_mid, c_out, 4, nwm::Activation::tanh>;
  using Here = B<Full>;
  static constexpr auto pixels = static_cast<double>(sites);
  static constexpr double first = 9.0 * c_in * c_mid,
                          weights = first + 9.0 * (2 * c_mid * c_mid + c_mid * c_out);

  void forward() {
    Encoder::template forward<Here>(parameters.data(), image.data(), hidden.data(), out.data(),
                                    scratch.data());
  }
  void backward() {
    Here::copy(above.size(), static_cast<const float*>(above.data()), gradient.data());
    Encoder::template backward<Here>(parameters.data(), image.data(), hidden.data(), out.data(),
                                     gradient.data(), parameter_gradient.data(), static_cast<float*>(nullptr),
                                     work.data(), scratch.data());
  }

  using Memory = typename Here::template Memory<float>;
  Numbers<Here> parameters{Encoder::parameters, -0.1, 0.1}, image{c_in * sites, 0, 1};
  Numbers<Here> above{c_out * sites, -1e-3, 1e-3};
  Memory hidden{Encoder::hidden}, out{c_out * sites}, gradient{c_out * sites};
  Memory parameter_gradient{Encoder::parameters}, work{2 * c_mid * sites};
  Memory scratch{std::max<std::size_t>(Encoder::template scratch<Here>, 1)};
};

template <nwm::Shape shape>
bool add_encoder(const std::string& data) {
  using M = Encoding<shape>;
  add("part/encoder/" + data + "/forward/float32", [](Entry& entry, const Options& options) {
    M memory;
    measure(entry, options,
            {.items = images,
             .flops = 2 * M::weights * M::pixels,
             .bytes = bytes_of((M::c_in + M::c_out) * M::sites)},
            as_one<B<Full>>([&] { memory.forward(); }));
  });
  add("part/encoder/" + data + "/backward/float32", [](Entry& entry, const Options& options) {
    M memory;
    memory.forward();
    measure(entry, options,
            {.items = images,
             .flops = 2 * (2 * M::weights - M::first) * M::pixels,
             .bytes = bytes_of((M::c_in + 2 * M::c_out) * M::sites)},
            as_one<B<Full>>([&] { memory.backward(); }));
  });
  return true;
}

// ---- head -----------------------------------------------------------------------------------------------
/// One tile's memory, used for all of them, as a model does.
template <class Mlp, std::size_t tile, class Precision>
struct Heads {
  using Here = B<Precision>;
  using Memory = typename Here::template Memory<float>;
  Numbers<Here> parameters{Mlp::parameters, -0.1, 0.1}, x{Mlp::in * tile, 0, 1};
  Numbers<Here> score_gradient{Mlp::out * tile, -1e-3, 1e-3};
  Memory hidden{Mlp::hidden * tile}, scores{Mlp::out * tile}, x_gradient{Mlp::in * tile};
  Memory work{2 * Mlp::widest * tile}, gradient{Mlp::parameters};
};

template <class Mlp, std::size_t pixels, class Precision>
void add_head_in(const std::string& kind) {
  using Here = B<Precision>;
  constexpr std::size_t tile = nwm::tile_size<pixels, nwm::tile_limit<Here>>;
  using M = Heads<Mlp, tile, Precision>;
  double weights = 0;
  for (std::size_t l = 0; l < Mlp::layers; ++l)
    weights += static_cast<double>(Mlp::width(l) * Mlp::width(l + 1));
  const double flops = 2 * weights * static_cast<double>(pixels);
  const std::string begin = "part/head/" + kind, end = "/" + std::string(Precision::name);
  add(begin + "/forward" + end, [flops](Entry& entry, const Options& options) {
    M m;
    measure(entry, options,
            {.items = images, .flops = flops, .bytes = bytes_of((Mlp::in + Mlp::out) * pixels)},
            as_one<Here>([&] {
              nwm::for_tiles<pixels, tile>([&](auto size, std::size_t) {
                Mlp::template forward<Here, size>(m.parameters.data(), m.x.data(), m.hidden.data(),
                                                  m.scores.data());
              });
            }));
  });
  add(begin + "/backward" + end, [flops](Entry& entry, const Options& options) {
    M m;
    Mlp::template forward<Here, tile>(m.parameters.data(), m.x.data(), m.hidden.data(), m.scores.data());
    measure(entry, options,
            {.items = images, .flops = 2 * flops, .bytes = bytes_of((2 * Mlp::in + Mlp::out) * pixels)},
            as_one<Here>([&] {
              nwm::for_tiles<pixels, tile>([&](auto size, std::size_t) {
                Mlp::template backward<Here, size>(m.parameters.data(), m.x.data(), m.hidden.data(),
                                                   m.score_gradient.data(), m.x_gradient.data(),
                                                   m.gradient.data(), m.work.data());
              });
            }));
  });
}

// ---- readout --------------------------------------------------------------------------------------------
template <nwm::Shape shape, class Precision>
void add_readout_in(const std::string& data) {
  using Here = B<Precision>;
  using Readout = nwm::readout::Linear;
  constexpr std::size_t steps = shape.steps, columns = shape.oscillators * images * shape.sites(),
                        rows = Readout::template rows<steps>;
  constexpr double flops = 2.0 * static_cast<double>(rows * steps * columns);
  struct Memory {
    Numbers<Here> matrix{rows * steps, -0.1, 0.1}, series{steps * columns, -1, 1},
        gathered{rows * columns, -1, 1};
    typename Here::template Memory<float> series_gradient{steps * columns}, matrix_gradient{rows * steps};
  };
  const std::string begin = "part/readout/" + data, end = "/" + std::string(Precision::name);
  add(begin + "/forward" + end, [](Entry& entry, const Options& options) {
    Memory m;
    measure(entry, options, {.items = images, .flops = flops, .bytes = bytes_of((steps + rows) * columns)},
            as_one<Here>([&] {
              Readout::template gather<Here, steps, steps, columns>(m.matrix.data(), 0, m.series.data(),
                                                                    m.gathered.data());
            }));
  });
  // The gradients of the series and of the matrix.
  add(begin + "/backward" + end, [](Entry& entry, const Options& options) {
    Memory m;
    measure(entry, options,
            {.items = images, .flops = 2 * flops, .bytes = bytes_of((2 * steps + rows) * columns)},
            as_one<Here>([&] {
              Readout::template gather_adjoint<Here, steps, steps, columns>(
                  m.matrix.data(), 0, m.series.data(), m.gathered.data(), m.series_gradient.data(),
                  m.matrix_gradient.data());
            }));
  });
}

template <class Precision>
bool add_products() {
  constexpr std::size_t few = images * tetrominoes.sites(), many = images * multi_mnist.sites();
  // 51 frequencies × 2 channels, and × 16.
  add_head_in<nwm::layer::Head<102, 6, nwm::head::Wide>, few, Precision>("wide");
  add_head_in<nwm::layer::Head<816, 11, nwm::head::Narrow>, many, Precision>("narrow");
  add_readout_in<tetrominoes, Precision>("tetrominoes");
  add_readout_in<multi_mnist, Precision>("multi_mnist");
  return true;
}

const bool waves = add_waves<tetrominoes>("64x64x2") && add_waves<multi_mnist>("128x128x16");
const bool encoders = add_encoder<tetrominoes>("tetrominoes") && add_encoder<multi_mnist>("multi_mnist");
const bool products = add_products<Full>() && add_products<Tf32>() && add_products<Bf16>();

}  // namespace
}  // namespace device_bench
