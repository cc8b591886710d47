// The study's own recurrent and convolutional baselines, for one backend and precision.
#pragma once

#include "nwm/cell/gru.hpp"
#include "nwm/cell/lstm.hpp"
#include "nwm/cell/rnn.hpp"
#include "nwm/model/cnn.hpp"
#include "nwm/readout/linear.hpp"
#include "run_case.hpp"

namespace conformance {

template <class B, class Real>
void add_paper_baselines() {
  using nwm::Shape;
  constexpr Shape long_run{.height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
  constexpr Shape short_run{
      .height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .steps = 20, .classes = 6};
  using Lstm = nwm::WaveMachine<short_run, nwm::readout::Linear, nwm::head::Wide, nwm::cell::Lstm, B, Real>;
  static_assert(Lstm::parameter_count == 151046);
  using nwm::cell::Gru, nwm::cell::Rnn, nwm::readout::Linear;  // with the encoder of hc that they do not use
  static_assert(nwm::WaveMachine<short_run, Linear, nwm::head::Wide, Gru>::parameter_count == 150972);
  static_assert(nwm::WaveMachine<short_run, Linear, nwm::head::Wide, Rnn>::parameter_count == 150826);
  add_wave_machine<Lstm>("conv_recurrent", "lstm");
  using Cnn16 = nwm::Cnn<long_run, 16, nwm::head::Wide, B, Real>;
  static_assert(Cnn16::parameter_count == 191982);
  add_cnn<Cnn16>();
}

}  // namespace conformance
