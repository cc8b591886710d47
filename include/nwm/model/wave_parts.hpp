// The parts of a wave machine: which layers it is made of, and where their parameters stand.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "nwm/backend/pass.hpp"
#include "nwm/cell/cell.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/layer/after_first.hpp"
#include "nwm/layer/encoder.hpp"
#include "nwm/layer/encoder_start.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/for_constants.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/parts.hpp"
#include "nwm/model/cell_numbers.hpp"
#include "nwm/model/pixel_head.hpp"
#include "nwm/readout/folded.hpp"
#include "nwm/readout/formed.hpp"
#include "nwm/time/recurrence.hpp"

namespace nwm::model {

namespace detail {
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
}  // namespace detail

/// The layers of a WaveMachine of these policies, as types.
template <Shape shape_, class Readout, class Head, class Cell, class Backend_, class Real_,
          class Checkpointing>
struct WaveParts {
  static constexpr Shape shape = shape_;
  using Backend = Backend_;
  using Real = Real_;
  using ImageGrid = Grid<shape.height, shape.width, cell::BoundaryOf<Cell>>;
  using BatchGrid = PassGrid<Backend, ImageGrid>;
  static constexpr std::size_t steps = shape.steps, channels = shape.oscillators;
  static constexpr std::size_t length = Checkpointing::template length<steps>, segments = steps / length;
  static constexpr auto entries = detail::encoded_entries<Cell>();
  /// The field of encoder e.
  template <std::size_t e>
  static constexpr cell::FieldInfo encoded = Cell::fields[entries[e]];

  template <std::size_t e>
  using EncoderLayers = layer::Encoder<BatchGrid, shape.image_channels, shape.encoder_width, channels,
                                       encoded<e>.encoder_layers, encoded<e>.activation>;
  /// The encoder of entry e, under its name in files.
  template <std::size_t e>
  struct Encoder : EncoderLayers<e> {
    /// Whether it is run: an encoder of the authors' checkpoints may have no use.
    static constexpr bool used = encoded<e>.role != cell::Role::unused;
    template <class L>
    static constexpr void describe(L& all) {
      const Name name = Name("classifier.") + encoded<e>.name + "_encoder";
      if constexpr (used) {
        EncoderLayers<e>::describe(all, name);
      } else {
        detail::Untrained<L> untrained{all};
        EncoderLayers<e>::describe(untrained, name);
      }
    }
  };
  /// f(e) for every encoder that is run, e a constant.
  template <class F>
  static constexpr void for_encoders(const F& f) {
    for_constants<entries.size()>([&](auto e) {
      if constexpr (Encoder<e>::used) f(e);
    });
  }
  /// Frames of an input: one for each step of a cell with a drive, else the one picture.
  static constexpr std::size_t frames = cell::driven_cell<Cell> ? steps : 1;
  using Input = StepInput<shape.image_channels, ImageGrid::sites>;
  using Waves = Recurrence<Cell, BatchGrid, channels, length, segments, Backend, Real,
                           starts<Checkpointing, segments>, Input>;
  /// What stands before the names of the cell's numbers in files.
  struct Named {
    static constexpr const char* prefix = "classifier.";
  };
  using Numbers = CellNumbers<Cell, BatchGrid, channels, Named>;
  /// The cell's couplings, under their names in files.
  struct Coupling {
    static constexpr std::size_t parameters = Waves::parameters;
    template <class L>
    static constexpr void describe(L& all) {
      Waves::describe(all, "classifier.");
    }
  };
  /// The readout's matrix, under its name in files.
  struct Matrix {
    static constexpr std::size_t rows = Readout::template matrix_rows<steps>, parameters = rows * steps;
    template <class L>
    static constexpr void describe(L& all) {
      all.add("classifier.fc_time.weight", {rows, steps}, steps, Initial::uniform, Readout::learns_matrix);
    }
  };
  using HeadLayers = layer::Head<Readout::template features<steps> * channels, shape.scores(), Head>;
  /// The perceptron at every pixel, under its name in files.
  struct Mlp : HeadLayers {
    using HeadLayers::describe;
    template <class L>
    static constexpr void describe(L& all) {
      HeadLayers::describe(all, "classifier.fc_readout");
    }
  };
  /// Whether readout and first layer are one product, so that no features are formed (readout/folded.hpp).
  static constexpr bool folds_readout =
      readout::folds<Readout, steps, channels, HeadLayers::width(1), ImageGrid::sites>;
  /// From the series to what the head takes, and the head.
  using Features =
      std::conditional_t<folds_readout,
                         readout::Folded<Readout, Backend, Real, steps, length, channels, BatchGrid::sites,
                                         HeadLayers::width(1)>,
                         readout::Formed<Readout, Backend, Real, steps, length, channels, BatchGrid::sites>>;
  using End = PixelHead<std::conditional_t<folds_readout, layer::AfterFirst<HeadLayers>, Mlp>,
                        BatchGrid::sites / ImageGrid::sites, ImageGrid::sites, Backend, Real>;

  template <std::size_t... e, std::size_t... k>
  static auto list_of(std::index_sequence<e...>, std::index_sequence<k...>)
      -> PartList<Encoder<e>..., typename Numbers::template Part<k>..., Coupling, Matrix, Mlp>;
  using List = decltype(list_of(std::make_index_sequence<entries.size()>{},
                                std::make_index_sequence<Cell::fields.size()>{}));

  /// Sets the last convolutions of the encoders that `starts` names, in the parameters of the whole machine,
  /// which hold what was drawn. Throws Error where a field has no encoder or comes twice, and as
  /// layer::start_last_convolution.
  static void start_encoders(std::span<const layer::EncoderStart> starts, std::span<Real> all) {
    for (std::size_t i = 0; i < starts.size(); ++i) {
      bool set = false;
      for (std::size_t before = 0; before < i; ++before)
        if (starts[before].field == starts[i].field)
          throw Error("WaveMachine", "encoder_starts", "each field once",
                      "field " + std::to_string(starts[i].field) + " twice");
      for_encoders([&](auto e) {
        if (encoded<e>.index != starts[i].field) return;
        using Part = Encoder<e>;
        constexpr std::size_t last = Part::template offset<encoded<e>.encoder_layers - 1>;
        layer::start_last_convolution(
            starts[i], encoded<e>.name.view(), channels,
            all.subspan(List::template offset<Part> + last, Part::parameters - last));
        set = true;
      });
      if (!set)
        throw Error("WaveMachine", "encoder_starts", "fields with an encoder",
                    "field " + std::to_string(starts[i].field));
    }
  }
};

}  // namespace nwm::model
