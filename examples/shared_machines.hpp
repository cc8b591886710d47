// Machines that several programs have: one trains them, others open their weights.
#pragma once

#include <nwm/cell/stable_wave.hpp>
#include <nwm/layer/encoder_start.hpp>
#include <nwm/nwm.hpp>
#include <vector>

namespace shared {

/// Machines whose oscillators all swing, whatever they learn, and are read by their spectra. With the paper's
/// own cell they learn as well, by a drift in which nothing swings.
template <nwm::Shape shape>
using Swinging = nwm::WaveMachine<shape, nwm::readout::Fft, nwm::head::Narrow, nwm::cell::StableWave>;

/// Before training each channel of such a machine has a pitch of its own.
template <class Machine>
std::vector<nwm::layer::EncoderStart> pitches() {
  return {{.field = Machine::Cell::omega_level, .bias = nwm::layer::linear_spread(Machine::channels, -1, 1)}};
}

/// nwm_demo's machine (demo.cpp).
using Demo = Swinging<nwm::Shape{.height = 32,
                                 .width = 32,
                                 .image_channels = 3,
                                 .oscillators = 8,
                                 .steps = 40,
                                 .classes = 5,
                                 .encoder_width = 8}>;

/// The README's first program (first_program.cpp, which has it written out).
using First = nwm::WaveMachine<
    nwm::Shape{.height = 24, .width = 24, .oscillators = 4, .steps = 32, .classes = 5, .encoder_width = 8},
    nwm::readout::Linear, nwm::head::Narrow>;

}  // namespace shared
