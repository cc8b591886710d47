// The study's own wave machines, for one backend and precision.
#pragma once

#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "run_case.hpp"

namespace conformance {

template <class B, class Real>
void add_paper_waves() {
  using nwm::Shape, nwm::WaveMachine, nwm::cell::Wave;
  using namespace nwm::readout;
  constexpr Shape tetrominoes{.height = 64, .width = 64, .image_channels = 3, .oscillators = 2, .classes = 6};
  constexpr Shape mnist{.height = 56, .width = 56, .image_channels = 1, .oscillators = 2, .classes = 11};
  constexpr Shape multi_mnist{
      .height = 128, .width = 128, .image_channels = 1, .oscillators = 16, .classes = 11};
  static_assert(WaveMachine<tetrominoes>::parameter_count == 176124);
  static_assert(WaveMachine<tetrominoes, Last>::parameter_count == 150524);
  static_assert(WaveMachine<mnist>::parameter_count == 176545);
  static_assert(WaveMachine<multi_mnist, Linear, nwm::head::Narrow>::parameter_count == 54855);
  add_wave_machine<WaveMachine<tetrominoes, Linear, nwm::head::Wide, Wave, B, Real>>("nwm", "");
  add_wave_machine<WaveMachine<tetrominoes, Fft, nwm::head::Wide, Wave, B, Real>>("nwm", "");
  add_wave_machine<WaveMachine<mnist, Linear, nwm::head::Wide, Wave, B, Real>>("nwm", "");
  add_wave_machine<WaveMachine<multi_mnist, Linear, nwm::head::Narrow, Wave, B, Real>>("nwm", "");
}

}  // namespace conformance
