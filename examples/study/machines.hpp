// The study's machines as types: sizes of the data sets, kinds of models. Each pair is instantiated in a
// source file of its own.
#pragma once

#include <string>

#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/cell/wave.hpp"
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

struct Polygons {
  static constexpr const char* name = "polygons";
  static constexpr nwm::Shape shape{
      .height = 32, .width = 32, .image_channels = 3, .oscillators = 2, .classes = 5};
  using Head = nwm::head::Wide;
};
struct Tetrominoes {
  static constexpr const char* name = "tetrominoes";
  static constexpr nwm::Shape shape{
      .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
  using Head = nwm::head::Wide;
};
struct Mnist {
  static constexpr const char* name = "mnist";
  static constexpr nwm::Shape shape{
      .height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .classes = 11};
  using Head = nwm::head::Wide;
};
struct MultiMnist {
  static constexpr const char* name = "multi-mnist";
  static constexpr nwm::Shape shape{
      .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .classes = 11};
  using Head = nwm::head::Narrow;
};

constexpr nwm::Shape with_steps(nwm::Shape shape, std::size_t steps) {
  shape.steps = steps;
  return shape;
}

template <class Machine>
void add(const Configuration& configuration) {
  registry().push_back({configuration, Machine::parameter_count, &train_run<Machine>});
}

template <class Data, class Cell, std::size_t steps>
void add_recurrent(const char* model) {
  const auto add_readout = [&]<class Readout>(Readout) {
    using Machine = nwm::WaveMachine<with_steps(Data::shape, steps), Readout, typename Data::Head, Cell>;
    add<Machine>({.data = Data::name, .model = model, .readout = std::string(Readout::name)});
  };
  add_readout(nwm::readout::Linear{});
  add_readout(nwm::readout::Fft{});
  add_readout(nwm::readout::Last{});
  add_readout(nwm::readout::MeanTime{});
  add_readout(nwm::readout::MaxTime{});
}

struct Nwm {
  template <class Data>
  static void add_to() {
    add_recurrent<Data, nwm::cell::Wave, 100>("nwm");
  }
};
struct Lstm {
  template <class Data>
  static void add_to() {
    add_recurrent<Data, nwm::cell::Lstm, 20>("lstm");
  }
};
struct Gru {
  template <class Data>
  static void add_to() {
    add_recurrent<Data, nwm::cell::Gru, 20>("gru");
  }
};
struct Rnn {
  template <class Data>
  static void add_to() {
    add_recurrent<Data, nwm::cell::Rnn, 20>("rnn");
  }
};
template <std::size_t... layers>
struct Cnn {
  template <class Data>
  static void add_to() {
    (add<nwm::Cnn<Data::shape, layers, typename Data::Head>>(
         {.data = Data::name, .model = "cnn", .layers = layers}),
     ...);
  }
};
template <std::size_t... widths>
struct UNet {
  template <class Data>
  static void add_to() {
    (add<nwm::UNet<Data::shape, widths>>({.data = Data::name, .model = "unet", .width = widths}), ...);
  }
};

}  // namespace study
