// The whole report on a trained machine.
#pragma once

#include "nwm/report/network.hpp"
#include "nwm/report/network_spectra.hpp"
#include "nwm/report/network_waves.hpp"
#include "nwm/report/network_weights.hpp"

namespace nwm::report {

/// Adds all sections on a trained machine.
template <class Machine>
void add_network(Page& page, const Machine& machine, const data::Dataset& train, const data::Dataset& test,
                 const NetworkOptions& options = {}) {
  add_scenes(page, machine, test, options);
  add_wave_figures(page, machine, test, options);
  add_maps(page, machine, test, options);
  add_coupling(page, machine);
  add_fourier(page, machine, test, options);
  add_class_spectra(page, machine, train, test, options);
  add_readout(page, machine);
  add_sounds(page, machine, test, options);
}

}  // namespace nwm::report
