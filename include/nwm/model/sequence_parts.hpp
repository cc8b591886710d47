// The layers of a SequenceMachine, as types, and the list that gives their parameters names and places.
#pragma once

#include <cstddef>
#include <utility>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/output.hpp"
#include "nwm/checkpointing/reversible.hpp"
#include "nwm/grid/abreast.hpp"
#include "nwm/grid/grid.hpp"
#include "nwm/grid/sequence_shape.hpp"
#include "nwm/layer/complex_output.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/parts.hpp"
#include "nwm/model/cell_numbers.hpp"
#include "nwm/model/pixel_head.hpp"
#include "nwm/time/recurrence.hpp"

namespace nwm::model {

namespace detail {
/// What the head sees of a cell's recorded states where the cell states no output of its own: these states.
template <std::size_t states, std::size_t>
struct PlainOutput {
  static constexpr std::size_t out = states, parameters = 0, scratch = 0;
  template <class L>
  static constexpr void describe(L&) {}
};
template <class Cell, std::size_t states, std::size_t inputs>
struct OutputOf {
  using type = PlainOutput<states, inputs>;
};
template <class Cell, std::size_t states, std::size_t inputs>
requires(Cell::output_map == cell::Output::complex)
struct OutputOf<Cell, states, inputs> {
  using type = layer::ComplexOutput<states, inputs>;
};
}  // namespace detail

/// The layers of a SequenceMachine of these policies, as types.
template <SequenceShape shape_, class Cell, class Positions, class Head, class Backend_, class Real_,
          class Checkpointing>
struct SequenceParts {
  static constexpr SequenceShape shape = shape_;
  using Backend = Backend_;
  using Real = Real_;
  using ImageGrid = Grid<shape.height, shape.width, cell::BoundaryOf<Cell>>;
  using BatchGrid = Abreast<ImageGrid, shape.lanes>;
  static constexpr std::size_t steps = shape.steps, channels = shape.oscillators;
  static constexpr std::size_t length = Checkpointing::template length<steps>, segments = steps / length;

  static constexpr std::size_t positions = Positions::every_step ? steps : 1, images = shape.lanes;
  static constexpr std::size_t image_size = steps * shape.input_size(), outputs = shape.outputs;

  /// What stands before the names of the cell's numbers in files.
  struct Named {
    static constexpr const char* prefix = "";
  };
  using Numbers = CellNumbers<Cell, BatchGrid, channels, Named>;

  using Input = StepInput<shape.inputs, shape.input_sites()>;
  using Waves = Recurrence<Cell, BatchGrid, channels, length, segments, Backend, Real,
                           starts<Checkpointing, segments>, Input>;
  /// The cell's couplings, under their names in files.
  struct Coupling {
    static constexpr std::size_t parameters = Waves::parameters;
    template <class L>
    static constexpr void describe(L& all) {
      Waves::describe(all, "");
    }
  };

  /// Numbers of the recorded states of a sequence at one step.
  static constexpr std::size_t states = Waves::series.size() * channels * ImageGrid::sites;
  using Output = typename detail::OutputOf<Cell, states, shape.input_size()>::type;
  using HeadLayers = layer::Head<Output::out, shape.outputs, Head>;
  /// The perceptron that gives the scores, under its name in files.
  struct Mlp : HeadLayers {
    using HeadLayers::describe;
    /// "readout" or what the cell calls it; of one layer without a number.
    template <class L>
    static constexpr void describe(L& all) {
      const Name name = [] {
        if constexpr (requires { Cell::output; }) return Name(Cell::output);
        else return Name("readout");
      }();
      if constexpr (HeadLayers::layers > 1) {
        HeadLayers::describe(all, name);
      } else {
        all.add(name + ".weight", {HeadLayers::out, HeadLayers::in}, HeadLayers::in);
        all.add(name + ".bias", {HeadLayers::out}, HeadLayers::in);
      }
    }
  };
  /// Positions that one run over a segment scores.
  static constexpr std::size_t scored = Positions::every_step ? length : 1;
  using End = PixelHead<Mlp, images, positions, Backend, Real, scored * images>;

  template <std::size_t... e>
  static auto list_of(std::index_sequence<e...>)
      -> PartList<Coupling, typename Numbers::template Part<e>..., Output, Mlp>;
  using List = decltype(list_of(std::make_index_sequence<Cell::fields.size()>{}));
};

}  // namespace nwm::model
