// The whole Neural Wave Machine, and its relatives with other cells, as one type: encoders, recurrence,
// readout, head and loss, with every size and offset a compile-time constant.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/parameter_vector.hpp"
#include "nwm/model/pixel_head.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/time/recurrence.hpp"
#include "nwm/time/stability.hpp"
#include "nwm/time/stages.hpp"

namespace nwm {

namespace model::detail {
/// The positions in C::fields of what has an encoder: the order of the encoders' parameters.
template <class C>
constexpr auto encoded_entries() {
  constexpr std::size_t count = [] {
    std::size_t n = 0;
    for (const auto& f : C::fields) n += f.encoder_layers > 0;
    return n;
  }();
  std::array<std::size_t, count> order{};
  for (std::size_t f = 0, i = 0; f < C::fields.size(); ++f)
    if (C::fields[f].encoder_layers > 0) order[i++] = f;
  return order;
}

/// A layout as parts that are not trained describe themselves to it.
template <class L>
struct Untrained {
  L& layout;
  constexpr void add(Name name, std::initializer_list<std::size_t> dims, std::size_t fan_in,
                     Initial initial = Initial::uniform, bool = true) {
    layout.add(name, dims, fan_in, initial, false);
  }
};
}  // namespace model::detail

/// image (image_channels, H, W) → encoders → cell × T → readout → head → scores (classes, H, W)
/// (arXiv 2502.06034; with the wave cell 176,124 parameters on Tetrominoes). Shape, readout, head, cell,
/// memory policy, backend and precision are all part of the type. Parameter names are those of the authors'
/// checkpoints.
template <Shape shape_, class Readout_ = readout::Linear, class Head_ = head::Wide, class Cell_ = cell::Wave,
          class Backend_ = DefaultBackend, class Real_ = float,
          class Checkpointing_ = checkpointing::StoreAll>
requires ValidShape<shape_> && readout::ReadoutFor<Readout_, StepCount<shape_.steps>> &&
         head::HeadWidths<Head_> && cell::Cell<Cell_> && Backend<Backend_> && std::floating_point<Real_> &&
         checkpointing::PolicyFor<Checkpointing_, StepCount<shape_.steps>>
class WaveMachine {
 public:
  static constexpr Shape shape = shape_;
  using Readout = Readout_;
  using Head = Head_;
  using Cell = Cell_;
  using Backend = Backend_;
  using Real = Real_;
  using Checkpointing = Checkpointing_;
  template <class B, class R = Real, class K = Checkpointing>
  using with = WaveMachine<shape_, Readout_, Head_, Cell_, B, R, K>;

  using ImageGrid = Grid<shape.height, shape.width, cell::BoundaryOf<Cell>>;
  static constexpr std::size_t steps = shape.steps, channels = shape.oscillators, sites = ImageGrid::sites;
  static constexpr std::size_t columns = channels * sites;
  /// Images of one pass: arrays of a pass hold images beside each other, (channel, image, row, column).
  static constexpr std::size_t images = PassGrid<Backend, ImageGrid>::sites / sites;
  static constexpr std::size_t image_size = shape.image_channels * sites;
  static constexpr std::size_t score_size = shape.classes * sites;
  static constexpr std::size_t series_size = steps * columns;
  static constexpr std::size_t length = Checkpointing::template length<steps>, segments = steps / length;
  static constexpr std::size_t rows = Readout::template rows<steps>;
  static constexpr std::size_t features = Readout::template features<steps>;

 private:
  using BatchGrid = PassGrid<Backend, ImageGrid>;
  static constexpr std::size_t pass_sites = BatchGrid::sites,
                               numbers = channels * pass_sites;  // of a plane, of a field
  static constexpr auto entries = model::detail::encoded_entries<Cell>();
  template <std::size_t e>
  static constexpr cell::FieldInfo encoded = Cell::fields[entries[e]];
  template <std::size_t e>
  using EncoderAt = layer::Encoder<BatchGrid, shape.image_channels, shape.encoder_width, channels,
                                   encoded<e>.encoder_layers, encoded<e>.activation>;
  using Waves = model::Recurrence<Cell, BatchGrid, channels, length, segments, Backend, Real,
                                  model::starts<Checkpointing, segments>>;
  static_assert(cell::checked<Cell>());
  static_assert(cell::checked_for_machine<Cell>());
  static_assert(!Checkpointing::reversible || model::ReversibleCell<Cell>,
                "checkpointing::Reversible needs a cell of one stage that states its inverse");
  using Mlp = layer::Head<features * channels, shape.classes, Head>;
  using End = model::PixelHead<Mlp, images, sites, Backend, Real>;

  /// f(e) for every encoder, e a constant; for those that are run.
  template <class F>
  static constexpr void each_entry(const F& f) {
    for_constants<entries.size()>(f);
  }
  template <class F>
  static constexpr void each_encoder(const F& f) {
    each_entry([&](auto e) {
      if constexpr (encoded<e>.role != cell::Role::unused) f(e);
    });
  }
  template <std::size_t e>
  static constexpr std::size_t encoder_offset() {
    return model::sum_of<e>([](auto k) { return EncoderAt<k>::parameters; });
  }
  static constexpr std::size_t cell_offset = encoder_offset<entries.size()>();
  static constexpr std::size_t matrix_offset = cell_offset + Waves::parameters;
  static constexpr std::size_t matrix_rows = Readout::template matrix_rows<steps>;
  static constexpr std::size_t head_offset = matrix_offset + matrix_rows * steps;

 public:
  /// Named slices of the flat parameter vector, in the order of the authors' checkpoints.
  static constexpr auto layout = exact_layout<[](auto& all) {
    each_entry([&](auto e) {
      const Name name = Name("classifier.") + encoded<e>.name + "_encoder";
      if constexpr (encoded<e>.role == cell::Role::unused) {
        model::detail::Untrained<std::remove_reference_t<decltype(all)>> untrained{all};
        EncoderAt<e>::describe(untrained, name);
      } else {
        EncoderAt<e>::describe(all, name);
      }
    });
    Waves::describe(all, "classifier.");
    all.add("classifier.fc_time.weight", {matrix_rows, steps}, steps, Initial::uniform,
            Readout::learns_matrix);
    Mlp::describe(all, "classifier.fc_readout");
  }>();
  static constexpr std::size_t parameter_count = layout.size;
  static_assert(parameter_count == head_offset + Mlp::parameters);

  struct Options {
    Cell cell{};             ///< dt and the other numbers of the cell
    std::uint64_t seed = 0;  ///< of the initial values
  };

  /// Initial values as PyTorch's (uniform ±1/sqrt(fan_in)); W the Laplacian. Throws Error as
  /// cell::require_numbers.
  explicit WaveMachine(const Options& options = Options{})
      : cell((nwm::cell::require_numbers(options.cell), options.cell)), parameters_(layout, options.seed) {}

  std::span<Real, parameter_count> parameters() { return parameters_.span(); }
  std::span<const Real, parameter_count> parameters() const { return parameters_.span(); }
  /// Where they stand, without waiting for the backend.
  const Real* place() const { return parameters_.data(); }

  /// Memory for a whole forward and backward pass. Allocated once, used for any images, by one thread at a
  /// time.
  class Workspace {
   public:
    Workspace() = default;
    /// The recorded series (T, C, images, H, W) of the pass run last: only under checkpointing::StoreAll.
    std::span<const Real> series() const
    requires(segments == 1)
    {
      return {tape.series(), images * series_size};
    }
    /// BatchGrid f (C, images, H, W) at t = 0 of the pass run last: initial states, and maps such as omega.
    std::span<const Real> initial(std::size_t f) { return {tape.initial(f), numbers}; }
    /// Bytes of the backend's memory it holds: what training needs for each thread (or each pass) besides
    /// parameters, gradients and data.
    static constexpr std::size_t bytes() {
      constexpr std::size_t plain = images * image_size + hidden_size + work_size + scratch_size +
                                    rows * numbers + length * numbers + 2;
      return Waves::Tape::bytes() + Waves::Adjoint::bytes() + End::Space::bytes() + plain * sizeof(Real);
    }

   private:
    friend WaveMachine;
    typename Waves::Tape tape;
    typename Waves::Adjoint adjoint;
    typename End::Space end;
    using Memory = typename Backend::template Memory<Real>;
    Buffer<Real> classes{pass_sites};  // the target on the host
    Memory image{images * image_size}, hidden{hidden_size}, work{work_size}, scratch{scratch_size};
    Memory gathered{rows * numbers};  // the readout's rows, then their gradient
    Memory series_gradient{length * numbers};
    Memory worst{2};  // growth of a step, and of a step back
  };

  /// Sets scores (classes, images, H, W) for the images of a pass (image_channels, images, H, W). Throws
  /// Unstable when the encoded fields leave the range in which the cell's time step is stable.
  void scores(std::span<const Real, images * image_size> image, std::span<Real, images * score_size> out,
              Workspace& w) const {
    load(image, w);
    ask_scores(w);
    fetch_scores(out, w);
  }

  /// Sets series (T, C, images, H, W), the recorded state at every step. Throws as `scores`.
  void record(std::span<const Real, images * image_size> image, std::span<Real, images * series_size> series,
              Workspace& w) const {
    load(image, w);
    run(w, [&](std::size_t segment) {
      Backend::download(length * numbers, w.tape.series(), series.data() + segment * length * numbers);
    });
    require_stable(w);
  }

  /// Returns the cross-entropy summed over the pixels, and adds `scale` times its gradient to `gradient`
  /// (parameter_count), memory of the backend. target (images, H, W) holds the class of each pixel; images it
  /// leaves out at the end weigh nothing. Throws as `scores`, and Error when the target has another size or a
  /// class the machine has not; nothing is added then (by queued backends: in place of Unstable, anything).
  double add_gradient(std::span<const Real, images * image_size> image, std::span<const std::uint8_t> target,
                      Real scale, std::span<Real, parameter_count> gradient, Workspace& w) const {
    encode_target(target, w.classes.span());
    load(image, w);
    set_target(w.classes.span(), w);
    ask_gradient(scale, gradient.data(), w);
    return fetch_loss(w);
  }

  // The same in parts, for an executor that stages its input ahead and records what `ask_…` asks of a queued
  // backend (train/per_pass.hpp). Host memory given to `load` and `take` must stay until something is
  // fetched.
  static void encode_target(std::span<const std::uint8_t> target, std::span<Real> out) {
    End::encode_target(target, out);
  }
  void load(std::span<const Real, images * image_size> image, Workspace& w) const {
    Backend::upload(image.size(), image.data(), w.image.data());
  }
  void set_target(std::span<const Real> encoded_target, Workspace& w) const {
    End::set_target(encoded_target, w.end);
  }
  void ask_scores(Workspace& w) const {
    run(w);
    End::score(head(), w.end, former(w));
  }
  void ask_gradient(Real scale, Real* gradient, Workspace& w) const {
    run(w);
    if constexpr (Checkpointing::reversible) {
      model::ask_reverse<Cell, Backend, Real>(cell, bounded_maps(w), numbers, w.worst.data() + 1);
      if constexpr (!queued<Backend>) require_reversible(w);
    }
    End::add_gradient(head(), w.end, scale, gradient + head_offset, former(w),
                      [&](auto n, std::size_t start, const Real* x_gradient) {
                        for (std::size_t c = 0; c < channels; ++c)
                          Readout::template form_adjoint<Backend, steps, n>(
                              w.gathered.data() + c * pass_sites + start, numbers, x_gradient + c * n,
                              channels * n);
                      });
    run_back(w, gradient);
  }
  void fetch_scores(std::span<Real, images * score_size> out, Workspace& w) const {
    require_stable(w);
    Backend::download(out.size(), w.end.scores(), out.data());
  }
  double fetch_loss(Workspace& w) const {
    require_stable(w);
    if constexpr (Checkpointing::reversible) require_reversible(w);
    return End::loss(w.end);
  }

  Cell cell;

 private:
  static constexpr std::size_t hidden_size = [] {
    std::size_t sum = 0;
    each_encoder([&](auto e) { sum += EncoderAt<e>::hidden; });
    return sum;
  }();
  template <std::size_t e>
  static constexpr std::size_t hidden_offset() {
    return model::sum_of<e>([](auto k) -> std::size_t {
      if constexpr (encoded<k>.role == cell::Role::unused) return 0;
      else return EncoderAt<k>::hidden;
    });
  }
  static constexpr std::size_t work_size = 2 * shape.encoder_width * pass_sites;
  static constexpr std::size_t scratch_size = [] {
    std::size_t most = Waves::scratch;
    each_encoder([&](auto e) {
      if (EncoderAt<e>::template scratch < Backend >> most) most = EncoderAt<e>::template scratch<Backend>;
    });
    return most;
  }();

  const Real* head() const { return parameters_.data() + head_offset; }
  const Real* matrix() const { return parameters_.data() + matrix_offset; }

  /// Encoders, all steps, and the readout's rows, for the image loaded. after(segment) sees the tape of each
  /// segment.
  template <class After>
  void run(Workspace& w, const After& after) const {
    each_encoder([&](auto e) {
      EncoderAt<e>::template forward<Backend>(parameters_.data() + encoder_offset<e>(), w.image.data(),
                                              w.hidden.data() + hidden_offset<e>(),
                                              w.tape.initial(encoded<e>.index), w.scratch.data());
    });
    if constexpr (model::BoundedCell<Cell>) {
      model::ask_growth<Cell, Backend, Real>(cell, bounded_maps(w), numbers, w.worst.data());
      if constexpr (!queued<Backend>) require_stable(w);
    }
    for (std::size_t segment = 0; segment < segments; ++segment) {
      Waves::run(cell, parameters_.data() + cell_offset, w.tape, segment, w.scratch.data());
      Readout::template gather<Backend, steps, length, numbers>(matrix(), segment * length, w.tape.series(),
                                                                w.gathered.data());
      after(segment);
    }
  }
  void run(Workspace& w) const {
    run(w, [](std::size_t) {});
  }

  /// Sets the features of the n pixels from `start`: x (features·channels, n), feature index k·C + c.
  static auto former(Workspace& w) {
    return [&w](auto n, std::size_t start, Real* x) {
      for (std::size_t c = 0; c < channels; ++c)
        Readout::template form<Backend, steps, n>(w.gathered.data() + c * pass_sites + start, numbers,
                                                  x + c * n, channels * n);
    };
  }

  /// From the gradient of the readout's rows back to all parameters.
  void run_back(Workspace& w, Real* gradient) const {
    w.adjoint.clear();
    for (std::size_t segment = segments; segment-- > 0;) {
      if (segment + 1 < segments) {
        if constexpr (Checkpointing::reversible)
          model::refill_backwards<Cell, BatchGrid, channels, length, Backend, Real, Waves>(
              cell, parameters_.data() + cell_offset, w.tape, segment, w.scratch.data());
        else Waves::run(cell, parameters_.data() + cell_offset, w.tape, segment, w.scratch.data());
      }
      Readout::template gather_adjoint<Backend, steps, length, numbers>(
          matrix(), segment * length, w.tape.series(), w.gathered.data(), w.series_gradient.data(),
          gradient + matrix_offset);
      Waves::run_back(cell, parameters_.data() + cell_offset, w.tape, segment, w.series_gradient.data(),
                      w.adjoint, gradient + cell_offset, w.scratch.data());
    }
    each_encoder([&](auto e) {
      EncoderAt<e>::template backward<Backend>(
          parameters_.data() + encoder_offset<e>(), w.image.data(), w.hidden.data() + hidden_offset<e>(),
          w.tape.initial(encoded<e>.index), w.adjoint.gradient(encoded<e>.index),
          gradient + encoder_offset<e>(), static_cast<Real*>(nullptr), w.work.data(), w.scratch.data());
    });
  }

  static auto bounded_maps(Workspace& w) {
    constexpr auto& bounded = cell::bounded<Cell>;
    std::array<const Real*, bounded.size()> maps{};
    for (std::size_t i = 0; i < maps.size(); ++i) maps[i] = w.tape.initial(bounded[i]);
    return maps;
  }
  static Real answer(Workspace& w, std::size_t i) {
    Real value(0);
    Backend::download(1, static_cast<const Real*>(w.worst.data()) + i, &value);
    return value;
  }
  void require_stable(Workspace& w) const {
    if constexpr (model::BoundedCell<Cell>) model::require_growth(cell, answer(w, 0), steps);
  }
  void require_reversible(Workspace& w) const {
    model::require_reverse<Cell, Backend, Real>(cell, answer(w, 1), bounded_maps(w), numbers, steps);
  }

  model::ParameterVector<Backend, Real, parameter_count> parameters_;
};

}  // namespace nwm
