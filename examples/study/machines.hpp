// The study's machines as types: sizes of the data sets, kinds of models, backends. Each combination is
// instantiated in its own source file. own_setting.cpp shows how to add some of one's own.
#pragma once

#include <string>
#include <string_view>

#include "nwm/backend/default.hpp"
#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/cell/wave.hpp"
#include "nwm/checkpointing/policies.hpp"
#include "nwm/grid/shape.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/model/unet.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "train_run.hpp"

namespace study {

/// The protocol's batch size; a U-Net on a device processes it as one pass.
inline constexpr std::size_t whole_batch = 64;

/// What the data sets of the study have in common. Their wave machines run for shape.steps steps.
struct Protocol {
  static constexpr std::size_t recurrent_steps = 20;  ///< of the other recurrent networks
  static constexpr std::size_t pass = 64;             ///< images a device takes at a time
  static constexpr std::size_t most_kept = 100;       ///< steps of BPTT
  using Head = nwm::head::Wide;
};
struct Polygons : Protocol {
  static constexpr const char *name = "polygons", *pictures = name;
  static constexpr nwm::Shape shape{
      .height = 32, .width = 32, .image_channels = 3, .oscillators = 2, .classes = 5};
};
struct Tetrominoes : Protocol {
  static constexpr const char *name = "tetrominoes", *pictures = name;
  static constexpr nwm::Shape shape{
      .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
};
struct Mnist : Protocol {
  static constexpr const char *name = "mnist", *pictures = name;
  static constexpr nwm::Shape shape{
      .height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .classes = 11};
};
struct MultiMnist : Protocol {
  static constexpr const char *name = "multi-mnist", *pictures = name;
  static constexpr std::size_t pass = 16;
  static constexpr std::size_t most_kept = 50;  ///< half of the steps: within 1 GB on two threads
  static constexpr nwm::Shape shape{
      .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .classes = 11};
  using Head = nwm::head::Narrow;
};

constexpr nwm::Shape with_steps(nwm::Shape shape, std::size_t steps) {
  shape.steps = steps;
  return shape;
}

/// A place where machines run: chooses a backend for a data set.
struct Cpu {
  static constexpr const char* name = "cpu";
  template <class Data>
  using Backend = nwm::DefaultBackend;
  template <class Data>
  using WholeBackend = nwm::DefaultBackend;  ///< for models that normalise by their batch
};

template <class Data>
constexpr bool halves_four_times = Data::shape.height % 16 == 0 && Data::shape.width % 16 == 0;

/// Whether a name can stand in lists, names of folders, and tables.
constexpr bool plain(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == name.npos;
}

/// Adds a machine for a data set. `configuration` need not name the set.
template <class Data, class Place, class Machine>
void add(Configuration configuration) {
  static_assert(plain(Data::name), "name of the data set: small letters, digits and -_. only");
  const auto size = [](std::size_t n) { return std::to_string(n); };
  add_data_set({.name = Data::name,
                .pictures = Data::pictures,
                .steps = Data::shape.steps,
                .recurrent_steps = Data::recurrent_steps,
                .encoder_width = Data::shape.encoder_width,
                .unet_grid = halves_four_times<Data>
                                 ? ""
                                 : size(Data::shape.height) + " x " + size(Data::shape.width)});
  configuration.data = Data::name;
  registry().push_back({configuration, Place::name, Machine::parameter_count, &train_run<Machine>,
                        &owns<Machine>, &evaluate_file<Machine>, &open_network<Machine>});
}

/// What backpropagation through time keeps: all states, or, in runs longer than `most_kept`, one every so
/// many steps.
template <class Data, std::size_t steps>
using Kept = nwm::checkpointing::Every<(steps < Data::most_kept ? steps : Data::most_kept)>;

/// A recurrent machine with one readout.
template <class Data, class Place, class Cell, class Readout, std::size_t steps>
void add_readout(const char* model) {
  using Machine = nwm::WaveMachine<with_steps(Data::shape, steps), Readout, typename Data::Head, Cell,
                                   typename Place::template Backend<Data>, float, Kept<Data, steps>>;
  add<Data, Place, Machine>({.data = {}, .model = model, .readout = std::string(Readout::name)});
}

template <class Data, class Place, class Cell, std::size_t steps>
void add_recurrent(const char* model) {
  add_readout<Data, Place, Cell, nwm::readout::Linear, steps>(model);
  add_readout<Data, Place, Cell, nwm::readout::Fft, steps>(model);
  add_readout<Data, Place, Cell, nwm::readout::Last, steps>(model);
  add_readout<Data, Place, Cell, nwm::readout::MeanTime, steps>(model);
  add_readout<Data, Place, Cell, nwm::readout::MaxTime, steps>(model);
}

struct Nwm {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Wave, Data::shape.steps>("nwm");
  }
};
struct Lstm {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Lstm, Data::recurrent_steps>("lstm");
  }
};
struct Gru {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Gru, Data::recurrent_steps>("gru");
  }
};
struct Rnn {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Rnn, Data::recurrent_steps>("rnn");
  }
};
template <std::size_t... layers>
struct Cnn {
  template <class Data, class Place>
  static void add_to() {
    (add<Data, Place,
         nwm::Cnn<Data::shape, layers, typename Data::Head, typename Place::template Backend<Data>>>(
         {.data = {}, .model = "cnn", .layers = layers}),
     ...);
  }
};
template <std::size_t... widths>
struct UNet {
  template <class Data, class Place>
  static void add_to() {
    (add<Data, Place, nwm::UNet<Data::shape, widths, typename Place::template WholeBackend<Data>>>(
         {.data = {}, .model = "unet", .width = widths}),
     ...);
  }
};

}  // namespace study
