// The wave RNN: a ring of neurons on which the input runs on as waves.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Keller et al., arXiv 2309.08045, a ring of n sites with C channels:
///   h' = act(Wx u + bx + Wy ∗ h + by)
/// Wx maps the input vector onto all channels and sites, Wy is a periodic coupling of `taps` taps from all
/// channels to all. At first Wy shifts each channel by one site, and Wx feeds site 0 of every channel. h is
/// recorded and starts at zero.
template <Activation activation = Activation::relu, std::size_t taps = 3>
struct WaveRnn {
  static constexpr std::string_view name = "wave_rnn";
  enum Field : std::size_t { u, h, inflow };
  static constexpr std::array fields{driven(u, "u"), resting_state(h, "h"), intermediate(inflow, "inflow")};
  static constexpr std::size_t recorded = h;

  /// The input of the step, by a dense layer to every channel and site.
  struct Inflow {
    static constexpr Coupling coupling{.name = "cell.Wx",
                                       .from = {u},
                                       .bias = true,
                                       .initial = Initial::first_site,
                                       .reach = Reach::dense,
                                       .into = inflow};
  };
  /// The waves run on.
  struct Run {
    static constexpr Coupling coupling{
        .name = "cell.Wy", .from = {h}, .size = taps, .bias = true, .initial = Initial::shift};
    template <class Site>
    static constexpr void update(const WaveRnn&, const Site& now, Site& next) {
      next[h] = activate<activation>(now.coupled() + now[inflow]);
    }
  };
  using Stages = std::tuple<Inflow, Run>;
};

}  // namespace nwm::cell
