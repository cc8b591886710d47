// The small recurrent and convolutional baselines of the reference cases, for one backend and precision.
#pragma once

#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "run_case.hpp"

namespace conformance {

inline constexpr nwm::Shape small_shape{.height = 16,
                                        .width = 16,
                                        .image_channels = 3,
                                        .oscillators = 2,
                                        .steps = 12,
                                        .classes = 6,
                                        .encoder_width = 8};

template <class Cell, class Readout, class B, class Real>
using SmallRecurrent = nwm::WaveMachine<small_shape, Readout, nwm::head::Narrow, Cell, B, Real>;

template <class B, class Real>
void add_small_baselines() {
  using namespace nwm::readout;
  using nwm::cell::Lstm;
  add_wave_machine<SmallRecurrent<Lstm, Linear, B, Real>>("conv_recurrent", "lstm");
  add_wave_machine<SmallRecurrent<Lstm, Fft, B, Real>>("conv_recurrent", "lstm");
  add_wave_machine<SmallRecurrent<Lstm, Last, B, Real>>("conv_recurrent", "lstm");
  add_wave_machine<SmallRecurrent<Lstm, MeanTime, B, Real>>("conv_recurrent", "lstm");
  add_wave_machine<SmallRecurrent<Lstm, MaxTime, B, Real>>("conv_recurrent", "lstm");
  add_wave_machine<SmallRecurrent<nwm::cell::Gru, Linear, B, Real>>("conv_recurrent", "gru");
  add_wave_machine<SmallRecurrent<nwm::cell::Rnn, Linear, B, Real>>("conv_recurrent", "rnn");
  add_cnn<nwm::Cnn<small_shape, 2, nwm::head::Narrow, B, Real>>();
  add_cnn<nwm::Cnn<small_shape, 4, nwm::head::Narrow, B, Real>>();
  add_cnn<nwm::Cnn<small_shape, 8, nwm::head::Narrow, B, Real>>();
}

}  // namespace conformance
