// The first Neural Wave Machine: driven, coupled oscillators on a torus.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "nwm/cell/cell.hpp"

namespace nwm::cell {

/// Keller and Welling, ICML 2023, on a torus or ring, C channels:
///   v' = v + σ(dt) (tanh(Wh ∗ h + Wv ∗ v + Wd ∗ e + b) − relu(gamma) h − relu(alpha) v),   h' = h + σ(dt) v'
/// e is a dense map of the input frame onto all channels and sites; Wh, Wv and Wd are 3×3, b is one number a
/// channel and site, dt, gamma and alpha one each, all trained. h is recorded; h and v start at zero.
struct Nwm23 {
  static constexpr std::string_view name = "nwm23";
  enum Field : std::size_t { u, h, v, e, from_h, from_v, from_e, b, dt, gamma, alpha };
  static constexpr std::array fields{driven(u, "u"),
                                     resting_state(h, "h"),
                                     resting_state(v, "v"),
                                     intermediate(e, "e"),
                                     intermediate(from_h, "from_h"),
                                     intermediate(from_v, "from_v"),
                                     intermediate(from_e, "from_e"),
                                     trained_sites(b, "rnn.b_bar", 0, 0),
                                     trained_number(dt, "rnn.dt", -1.95, Transform::logistic),
                                     trained_number(gamma, "rnn.gamma", 1, Transform::relu),
                                     trained_number(alpha, "rnn.alpha", 0.5, Transform::relu)};
  static constexpr std::size_t recorded = h;
  static constexpr const char* output = "decoder";  ///< name of the output's parameters

  /// The frame, by a dense layer to every channel and site.
  struct Encode {
    static constexpr Coupling coupling{
        .name = "encoder", .from = {u}, .bias = true, .reach = Reach::dense, .into = e};
  };
  /// What neighbours' displacements give.
  struct Couple {
    static constexpr Coupling coupling{.name = "rnn.coupling", .from = {h}, .into = from_h};
  };
  /// What neighbours' velocities give.
  struct Damp {
    static constexpr Coupling coupling{.name = "rnn.damping", .from = {v}, .into = from_v};
  };
  /// What the encoded frame around gives.
  struct Drive {
    static constexpr Coupling coupling{.name = "rnn.driving", .from = {e}, .into = from_e};
  };
  /// The oscillators move.
  struct Swing {
    template <class Site>
    static constexpr void update(const Nwm23&, const Site& now, Site& next) {
      using math::tanh;
      const auto force = tanh(now[from_h] + now[from_v] + now[from_e] + now[b]);
      next[v] = now[v] + now[dt] * (force - now[gamma] * now[h] - now[alpha] * now[v]);
      next[h] = now[h] + now[dt] * next[v];
    }
  };
  using Stages = std::tuple<Encode, Couple, Damp, Drive, Swing>;
};

}  // namespace nwm::cell
