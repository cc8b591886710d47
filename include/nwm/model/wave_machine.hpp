// The whole Neural Wave Machine, and its relatives with other cells, as one type: encoders, recurrence,
// readout, head and loss, with every size and offset a compile-time constant.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/backend/backend.hpp"
#include "nwm/backend/default.hpp"
#include "nwm/backend/pass.hpp"
#include "nwm/cell/archetype.hpp"  // by itself: compilers tell the way to what refuses a cell
#include "nwm/cell/check.hpp"
#include "nwm/cell/require.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/encoder_start.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/model/counting_pixels.hpp"
#include "nwm/model/pixel_model.hpp"
#include "nwm/model/wave_parts.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/tape/stages.hpp"
#include "nwm/time/carry.hpp"
#include "nwm/time/recoverable.hpp"
#include "nwm/time/recurrence.hpp"
#include "nwm/time/stability.hpp"

namespace nwm {

/// image (image_channels, H, W) → encoders → cell × T → readout → head → scores (outputs, H, W)
/// (arXiv 2502.06034; with the wave cell 176,124 parameters on Tetrominoes). Shape, readout, head, cell,
/// memory policy, backend and precision are all part of the type. Parameter names are those of the authors'
/// checkpoints.
template <Shape shape_, class Readout_ = readout::Linear, class Head_ = head::Wide, class Cell_ = cell::Wave,
          class Backend_ = DefaultBackend, class Real_ = float,
          class Checkpointing_ = checkpointing::StoreAll>
requires ValidShape<shape_> && readout::ReadoutFor<Readout_, StepCount<shape_.steps>> &&
         head::HeadWidths<Head_> && cell::Cell<Cell_> &&
         (cell::checked<Cell_>() && cell::checked_for_machine<Cell_>() &&
          cell::checked_drive<Cell_, shape_.image_channels == shape_.oscillators, true>()) &&
         Backend<Backend_> && std::floating_point<Real_> &&
         checkpointing::PolicyFor<Checkpointing_, StepCount<shape_.steps>>
class WaveMachine : public model::PixelModel<
                        WaveMachine<shape_, Readout_, Head_, Cell_, Backend_, Real_, Checkpointing_>,
                        model::WaveParts<shape_, Readout_, Head_, Cell_, Backend_, Real_, Checkpointing_>> {
  using Layers = model::WaveParts<shape_, Readout_, Head_, Cell_, Backend_, Real_, Checkpointing_>;
  using Base = model::PixelModel<WaveMachine, Layers>;
  friend Base;

 public:
  static constexpr std::string_view kind = "wave_machine";
  /// What it uses of its shape besides pictures and outputs.
  static constexpr std::array shape_sizes{&Shape::oscillators, &Shape::steps, &Shape::encoder_width};
  using Readout = Readout_;
  using Head = Head_;
  using Cell = Cell_;
  using Backend = Backend_;
  using Real = Real_;
  using Checkpointing = Checkpointing_;
  template <class B, class R = Real, class K = Checkpointing>
  using with = WaveMachine<shape_, Readout_, Head_, Cell_, B, R, K>;

  using Base::shape, Base::sites, Base::images, Base::image_size, Base::pass_sites;
  /// A run of its steps, as its backend sees it (backend/pass.hpp, device::Operations::steps_choice).
  using Segment = typename Layers::Waves::Segment;
  /// Time steps, and oscillator channels.
  static constexpr std::size_t steps = shape.steps, channels = shape.oscillators;
  /// Frames of an input: 0, a picture, for a cell without a drive.
  static constexpr std::size_t input_steps = cell::driven_cell<Cell_> ? steps : 0;
  static constexpr std::size_t columns = channels * sites;                    ///< oscillators of one image
  static constexpr std::size_t series_size = steps * columns;                 ///< of one image
  static constexpr std::size_t carried = cell::carried_fields<Cell_>.size();  ///< states and encoded maps
  /// Steps of a time segment, and how many segments there are.
  static constexpr std::size_t length = Layers::length, segments = Layers::segments;
  static constexpr std::size_t rows = Readout::template rows<steps>;          ///< that the readout gathers
  static constexpr std::size_t features = Readout::template features<steps>;  ///< of an oscillator
  /// Whether readout and the head's first layer are one product (readout/folded.hpp): the same scores and
  /// gradients to rounding, without the features in memory.
  static constexpr bool folds_readout = Layers::folds_readout;

 private:
  using typename Base::BatchGrid;
  using End = typename Layers::End;
  using Waves = typename Layers::Waves;
  using Mlp = typename Layers::Mlp;
  using Features = typename Layers::Features;
  using Carried = model::CarriedFields<Cell, Backend, Waves, Real>;
  template <std::size_t e>
  using Encoder = typename Layers::template Encoder<e>;
  static constexpr std::size_t numbers = channels * pass_sites;  // of a field of a pass
  template <std::size_t e>
  static constexpr std::size_t field_of = Layers::template encoded<e>.index;
  static_assert(!Checkpointing::reversible || model::ReversibleCell<Cell>,
                "checkpointing::Reversible needs a cell that states the inverse of its step");

 public:
  /// The states that a pass begins with and hands on.
  using Carry = model::Carry<Real>;
  /// How a machine starts.
  struct Options {
    Cell cell{};             ///< dt and the other numbers of the cell
    std::uint64_t seed = 0;  ///< of the initial values
    /// Encoders that do not start as drawn, each at most once.
    std::vector<layer::EncoderStart> encoder_starts{};
  };

  /// Initial values as PyTorch's (uniform ±1/sqrt(fan_in)), then as options.encoder_starts says; W the
  /// Laplacian. Throws Error as cell::require_numbers and WaveParts::start_encoders.
  explicit WaveMachine(const Options& options = Options{})
      : Base(options.seed), cell((nwm::cell::require_numbers(options.cell), options.cell)) {
    if (!options.encoder_starts.empty())
      Layers::start_encoders(options.encoder_starts, std::span<Real>(this->parameters()));
  }

  /// Memory for a whole forward and backward pass. Allocated once, used for any images, by one thread at a
  /// time.
  class Workspace {
   public:
    /// target_numbers<L> of the loss L of add_gradient.
    explicit Workspace(std::size_t target_numbers = pass_sites) : pass(target_numbers) {}
    /// The recorded series (T, C, images, H, W) of the pass run last, where its policy keeps them in one
    /// segment: checkpointing::StoreAll, or another with as many steps a segment as there are.
    std::span<const Real> series() const
    requires(segments == 1)
    {
      return {tape.series(), images * series_size};
    }
    /// Field f (C, images, H, W) at t = 0 of the pass run last: initial states, and maps such as omega.
    std::span<const Real> initial(std::size_t f) { return {tape.initial(f), numbers}; }
    /// Bytes of the backend's memory it holds: what training needs for each thread (or each pass) besides
    /// parameters, gradients and data.
    static constexpr std::size_t bytes(std::size_t target_numbers = pass_sites) {
      constexpr std::size_t plain = hidden_size + work_size + scratch_size + length * numbers + 2;
      return Waves::Tape::bytes() + Waves::Adjoint::bytes() + Base::Pass::bytes(target_numbers) +
             Features::bytes + plain * sizeof(Real) + (HostBackend<Backend> ? Counting::bytes : 0);
    }

   private:
    friend WaveMachine;
    friend Base;
    using Memory = typename Backend::template Memory<Real>;
    using Counting = model::CountingPixels<Real, Features::planes, pass_sites, End::tile>;
    typename Base::Pass pass;
    typename Waves::Tape tape;
    typename Waves::Adjoint adjoint;
    Memory hidden{hidden_size}, work{work_size}, scratch{scratch_size};
    Features features;
    Memory series_gradient{length * numbers};
    Memory worst{2};  // growth of a step, and of a step back
    Counting counting{HostBackend<Backend>};
  };

  /// Sets series (T, C, images, H, W), the recorded state at every step. `carry` and what it throws as in
  /// scores(…).
  void record(std::span<const Real, images * image_size> image, std::span<Real, images * series_size> series,
              Workspace& w, Carry carry = {}) const {
    this->set_input(image, w);
    run(w, carry, [&](std::size_t segment) {
      Backend::download(length * numbers, w.tape.series(), series.data() + segment * length * numbers);
    });
    require_stable(w);
  }

  /// Sets scores (outputs, images, H, W) to what readout and head make of a series (T, C, images, H, W), as
  /// record() sets one: what the machine says of waves that were cut short, mixed or made by hand.
  void read(std::span<const Real, images * series_size> series, typename Base::PassScores scores,
            Workspace& w) const {
    w.features.prepare(matrix(), head());
    for (std::size_t segment = 0; segment < segments; ++segment) {
      Backend::upload(length * numbers, series.data() + segment * length * numbers, w.series_gradient.data());
      w.features.gather(matrix(), segment * length, w.series_gradient.data());
    }
    End::score(head(), w.pass.end, former(w));
    Backend::download(scores.size(), w.pass.end.scores(), scores.data());
  }

  // What PixelModel asks for.
  void ask_scores(Workspace& w, Carry carry = {}) const {
    run(w, carry, [](std::size_t) {});
    End::score(head(), w.pass.end, former(w));
  }
  /// Where the growth of a step will stand, by which require_growth, and fetch_scores, judge the pass.
  static const Real* growth(const Workspace& w) { return w.worst.data(); }
  /// Throws Unstable where that number says that the pass is not to be trusted.
  void require_growth(Real worst) const {
    if constexpr (model::BoundedCell<Cell>) model::require_growth(cell, worst, steps);
  }
  /// Throws as model::require_recoverable, where the tape is its series; others let any dt pass.
  void require_recoverable() const {
    if constexpr (!Waves::Map::keeps_coupled) model::require_recoverable<Cell, Real>(cell);
  }
  template <loss::Loss L>
  void ask_gradient(const L& loss, Real scale, Real* gradient, Workspace& w) const {
    require_recoverable();
    run(w, {}, [](std::size_t) {});
    if constexpr (Checkpointing::reversible) {
      model::ask_reverse<Cell, Backend, Real>(cell, bounded_maps(w), numbers, w.worst.data() + 1);
      if constexpr (!queued<Backend>) require_reversible(w);
    }
    Real* const head_gradient = gradient + Base::template offset<Mlp>;
    if constexpr (loss::Sparse<L> && HostBackend<Backend>) {
      w.counting.find(w.pass.end.encoded_target());
      End::add_gradient_at(
          w.counting.pixels(), loss, head(), w.pass.end, scale, head_gradient,
          [&w](std::span<const std::size_t> pixels, Real* x) {
            w.counting.take(w.features.gathered(), pixels);
            Features::template form<End::tile, End::tile>(w.counting.picked(), 0, x);
          },
          [&w](std::span<const std::size_t> pixels, const Real* x_gradient) {
            Features::template form_adjoint<End::tile, End::tile>(w.counting.picked(), 0, x_gradient);
            w.counting.give(w.features.gathered(), pixels);
          });
      w.counting.clear_others(w.features.gathered());
    } else {
      End::add_gradient(loss, head(), w.pass.end, scale, head_gradient, former(w),
                        [&](auto n, std::size_t start, const Real* x_gradient) {
                          Features::template form_adjoint<n, pass_sites>(w.features.gathered(), start,
                                                                         x_gradient);
                        });
    }
    run_back(w, gradient);
  }

  Cell cell;  ///< with its numbers

 private:
  static constexpr std::size_t hidden_size = [] {
    std::size_t sum = 0;
    Layers::for_encoders([&](auto e) { sum += Encoder<e>::hidden; });
    return sum;
  }();
  template <std::size_t e>
  static constexpr std::size_t hidden_offset() {
    return model::sum_of<e>([](auto before) { return Encoder<before>::used ? Encoder<before>::hidden : 0; });
  }
  static constexpr std::size_t work_size = 2 * shape.encoder_width * pass_sites;
  static constexpr std::size_t scratch_size = [] {
    std::size_t most = std::max(Waves::scratch, Layers::Numbers::scratch);
    Layers::for_encoders([&](auto e) { most = std::max(most, Encoder<e>::template scratch<Backend>); });
    return most;
  }();

  const Real* head() const { return this->place() + Base::template offset<Mlp>; }
  const Real* matrix() const { return this->place() + Base::template offset<typename Layers::Matrix>; }
  const Real* coupling() const { return this->place() + Base::template offset<typename Layers::Coupling>; }

  /// Encoders, all steps, and the readout's rows, for the image loaded. after(segment) sees the tape of each
  /// segment.
  template <class After>
  void run(Workspace& w, Carry carry, const After& after) const {
    const Real* const all = this->place();
    if constexpr (input_steps > 0) w.tape.drive = {w.pass.image.data(), shape.image_channels * pass_sites};
    Carried::rest(w.tape);
    Layers::Numbers::template set<Backend, typename Base::Parts>(all, w.tape, w.scratch.data());
    if (carry.start) Carried::set(w.tape, carry.start);
    else
      Layers::for_encoders([&w, all](auto e) {
        Encoder<e>::template forward<Backend>(all + Base::template offset<Encoder<e>>, w.pass.image.data(),
                                              w.hidden.data() + hidden_offset<e>(),
                                              w.tape.initial(field_of<e>), w.scratch.data());
      });
    if constexpr (model::BoundedCell<Cell>) {
      model::ask_growth<Cell, Backend, Real>(cell, bounded_maps(w), numbers, w.worst.data());
      if constexpr (!queued<Backend>) require_stable(w);
    }
    w.features.prepare(matrix(), head());
    for (std::size_t segment = 0; segment < segments; ++segment) {
      Waves::run(cell, coupling(), w.tape, segment, w.scratch.data());
      w.features.gather(matrix(), segment * length, w.tape.series());
      after(segment);
    }
    if (carry.end) Carried::get(w.tape, length, carry.end);
  }

  /// Sets x, what the head takes of the n pixels from `start`.
  static auto former(Workspace& w) {
    return [&w](auto n, std::size_t start, Real* x) {
      Features::template form<n, pass_sites>(w.features.gathered(), start, x);
    };
  }

  /// From the gradient of the readout's rows back to all parameters.
  void run_back(Workspace& w, Real* gradient) const {
    Real* const matrix_gradient = gradient + Base::template offset<typename Layers::Matrix>;
    w.adjoint.clear();
    for (std::size_t segment = segments; segment-- > 0;) {
      if (segment + 1 < segments) {
        if constexpr (Checkpointing::reversible)
          model::refill_backwards<Cell, BatchGrid, channels, length, Backend, Real, Waves>(
              cell, coupling(), w.tape, segment, w.scratch.data());
        else Waves::run(cell, coupling(), w.tape, segment, w.scratch.data());
      }
      w.features.gather_adjoint(matrix(), segment * length, w.tape.series(), w.series_gradient.data(),
                                matrix_gradient);
      Waves::run_back(cell, coupling(), w.tape, segment, w.series_gradient.data(), w.adjoint,
                      gradient + Base::template offset<typename Layers::Coupling>, w.scratch.data());
    }
    w.features.finish(matrix(), matrix_gradient, gradient + Base::template offset<Mlp>);
    const Real* const all = this->place();
    Layers::Numbers::template add_gradient<Backend, typename Base::Parts>(all, w.adjoint, gradient,
                                                                          w.scratch.data());
    Layers::for_encoders([&w, all, gradient](auto e) {
      Encoder<e>::template backward<Backend>(all + Base::template offset<Encoder<e>>, w.pass.image.data(),
                                             w.hidden.data() + hidden_offset<e>(),
                                             w.tape.initial(field_of<e>), w.adjoint.gradient(field_of<e>),
                                             gradient + Base::template offset<Encoder<e>>,
                                             static_cast<Real*>(nullptr), w.work.data(), w.scratch.data());
    });
  }

  static auto bounded_maps(Workspace& w) { return model::bounded_maps<Cell, Real>(w.tape); }
  static Real answer(Workspace& w, std::size_t i) {
    Real value(0);
    Backend::download(1, static_cast<const Real*>(w.worst.data()) + i, &value);
    return value;
  }
  void require_stable(Workspace& w) const {
    if constexpr (model::BoundedCell<Cell>) require_growth(answer(w, 0));
  }
  void require_reversible(Workspace& w) const {
    model::require_reverse<Cell, Backend, Real>(cell, answer(w, 1), bounded_maps(w), numbers, steps);
  }
  void require_gradient_stable(Workspace& w) const {
    require_stable(w);
    if constexpr (Checkpointing::reversible) require_reversible(w);
  }
};

}  // namespace nwm

#include "nwm/pop_macros.inc"
