// The study's machines as types: sizes of the data sets, kinds of models, backends. Each combination is
// instantiated in its own source file.
#pragma once

#include <string>

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

struct Polygons {
  static constexpr const char* name = "polygons";
  static constexpr std::size_t pass = 64;        ///< images a device takes at a time
  static constexpr std::size_t most_kept = 100;  ///< steps of BPTT
  static constexpr nwm::Shape shape{
      .height = 32, .width = 32, .image_channels = 3, .oscillators = 2, .classes = 5};
  using Head = nwm::head::Wide;
};
struct Tetrominoes {
  static constexpr const char* name = "tetrominoes";
  static constexpr std::size_t pass = 64;  ///< images a device takes at a time
  static constexpr std::size_t most_kept = 100;
  static constexpr nwm::Shape shape{
      .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
  using Head = nwm::head::Wide;
};
struct Mnist {
  static constexpr const char* name = "mnist";
  static constexpr std::size_t pass = 64;  ///< images a device takes at a time
  static constexpr std::size_t most_kept = 100;
  static constexpr nwm::Shape shape{
      .height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .classes = 11};
  using Head = nwm::head::Wide;
};
struct MultiMnist {
  static constexpr const char* name = "multi-mnist";
  static constexpr std::size_t pass = 16;       ///< images a device takes at a time
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

template <class Machine, class Place>
void add(const Configuration& configuration) {
  registry().push_back({configuration, Place::name, Machine::parameter_count, &train_run<Machine>,
                        &owns<Machine>, &evaluate_file<Machine>, &open_network<Machine>});
}

/// What backpropagation through time keeps: all states, or, in runs longer than `most_kept`, one every so
/// many steps.
template <class Data, std::size_t steps>
using Kept = nwm::checkpointing::Every<(steps < Data::most_kept ? steps : Data::most_kept)>;

template <class Data, class Place, class Cell, std::size_t steps>
void add_recurrent(const char* model) {
  const auto add_readout = [&]<class Readout>(Readout) {
    using Machine = nwm::WaveMachine<with_steps(Data::shape, steps), Readout, typename Data::Head, Cell,
                                     typename Place::template Backend<Data>, float, Kept<Data, steps>>;
    add<Machine, Place>({.data = Data::name, .model = model, .readout = std::string(Readout::name)});
  };
  add_readout(nwm::readout::Linear{});
  add_readout(nwm::readout::Fft{});
  add_readout(nwm::readout::Last{});
  add_readout(nwm::readout::MeanTime{});
  add_readout(nwm::readout::MaxTime{});
}

struct Nwm {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Wave, 100>("nwm");
  }
};
struct Lstm {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Lstm, 20>("lstm");
  }
};
struct Gru {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Gru, 20>("gru");
  }
};
struct Rnn {
  template <class Data, class Place>
  static void add_to() {
    add_recurrent<Data, Place, nwm::cell::Rnn, 20>("rnn");
  }
};
template <std::size_t... layers>
struct Cnn {
  template <class Data, class Place>
  static void add_to() {
    (add<nwm::Cnn<Data::shape, layers, typename Data::Head, typename Place::template Backend<Data>>, Place>(
         {.data = Data::name, .model = "cnn", .layers = layers}),
     ...);
  }
};
template <std::size_t... widths>
struct UNet {
  template <class Data, class Place>
  static void add_to() {
    (add<nwm::UNet<Data::shape, widths, typename Place::template WholeBackend<Data>>, Place>(
         {.data = Data::name, .model = "unet", .width = widths}),
     ...);
  }
};

}  // namespace study
