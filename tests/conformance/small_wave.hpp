// The small wave machines of the reference cases, for one backend and precision.
#pragma once

#include "nwm/readout/fft.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/readout/linear.hpp"
#include "nwm/readout/max_time.hpp"
#include "nwm/readout/mean_time.hpp"
#include "run_case.hpp"

namespace conformance {

template <class Readout, class B, class Real, std::size_t steps = 12, std::size_t oscillators = 2>
using SmallWave = nwm::WaveMachine<nwm::Shape{.height = 16,
                                              .width = 16,
                                              .image_channels = 3,
                                              .oscillators = oscillators,
                                              .steps = steps,
                                              .classes = 6,
                                              .encoder_width = 8},
                                   Readout, nwm::head::Narrow, nwm::cell::Wave, B, Real>;

template <class B, class Real>
void add_small_waves() {
  using namespace nwm::readout;
  add_wave_machine<SmallWave<Linear, B, Real>>("nwm", "");
  add_wave_machine<SmallWave<Linear, B, Real, 13, 4>>("nwm", "");
  add_wave_machine<SmallWave<Fft, B, Real>>("nwm", "");
  add_wave_machine<SmallWave<Fft, B, Real, 13>>("nwm", "");
  add_wave_machine<SmallWave<Last, B, Real>>("nwm", "");
  add_wave_machine<SmallWave<MeanTime, B, Real>>("nwm", "");
  add_wave_machine<SmallWave<MaxTime, B, Real>>("nwm", "");
}

}  // namespace conformance
