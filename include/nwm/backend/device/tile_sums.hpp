// The sums of a tile in shared memory on their way out: to what ends a stencil's kernel (`Finish`).
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cstddef>

#include "nwm/backend/device/correlate.hpp"
#include "nwm/backend/device/unroll.hpp"

namespace nwm::device {

/// Sums (part, channel; site) of a tile of Cut, rows of sites `stride` apart, of `group` channels from
/// `first` on of each of `parts` arrays with `to_each` channels. Neighbouring threads have neighbouring
/// sites.
template <class G, class Cut, unsigned group, std::size_t to_each, std::size_t parts, unsigned stride>
struct TileSums {
  const float* sum;
  Cut cut;
  unsigned first;

  /// Site number `site` of the tile, of channel c of each part: number `at` of a field.
  struct Number {
    unsigned c, site;
    bool there;
    std::size_t at;
    constexpr Number(const Cut& cut, unsigned k, unsigned first) : c(k / Cut::sites), site(k % Cut::sites) {
      const unsigned y = site / Cut::width, x = site % Cut::width;
      there = c < group && first + c < to_each && cut.inside(y, x);
      at = (first + c) * G::sites + cut.site(y, x);
    }
  };
  /// The sums of that site, one for each part.
  constexpr std::array<float, parts> of(const Number& number) const {
    std::array<float, parts> all;
    NWM_UNROLL
    for (unsigned part = 0; part < parts; ++part)
      all[part] = sum[(part * group + number.c) * stride + number.site];
    return all;
  }

  /// Hands a channel of tile number `tile` after the other to `finish` (WithSums), with one of `warps` warps
  /// each.
  template <unsigned warps, class Warp, class Finish>
  constexpr void give_channels(const Warp& warp, std::size_t tile, const Finish& finish) const {
    static_assert(parts == 1);
    constexpr unsigned lanes = Warp::lanes, together = Cut::sites / lanes < 4 ? Cut::sites / lanes : 4;
    static_assert(Cut::sites % (lanes * together) == 0);
    for (unsigned c = warp.index; c < group; c += warps) {
      if (first + c >= to_each) break;
      typename Warp::template Fragment<double, 2> total{};
      const auto of_channel = finish.terms.channel(first + c);
      warp.each(
          [&](unsigned lane, auto& own) {
            NWM_ROLLED
            for (unsigned start = lane; start < Cut::sites; start += together * lanes) {
              std::array<decltype(finish.terms.read(std::size_t{})), together> read;
              NWM_UNROLL
              for (unsigned j = 0; j < together; ++j)
                if (const Number number(cut, c * Cut::sites + start + j * lanes, first); number.there)
                  read[j] = finish.terms.read(number.at);
              NWM_UNROLL
              for (unsigned j = 0; j < together; ++j)
                if (const Number number(cut, c * Cut::sites + start + j * lanes, first); number.there) {
                  const auto both = finish.terms(number.at, of_channel, read[j], of(number)[0]);
                  own[0] += both[0];
                  own[1] += both[1];
                }
            }
          },
          total);
      warp.sum(total);
      warp.each(
          [&](unsigned lane, const auto& own) {
            if (lane == 0) finish.set(first + c, tile, own);
          },
          total);
    }
  }

  /// Hands the sums to `finish`, thread number `thread` of `threads` its part. Finish may read much: then as
  /// many sites at once as registers allow.
  template <std::size_t threads, class Finish>
  constexpr void give(std::size_t thread, const Finish& finish) const {
    constexpr unsigned apart = threads;
    const auto start = static_cast<unsigned>(thread);
    if constexpr (requires { finish.read(std::size_t{}); }) {
      using Read = decltype(finish.read(std::size_t{}));
      constexpr unsigned together = sizeof(Read) <= 16 ? 4 : sizeof(Read) <= 64 ? 2 : 1;
      for (unsigned k = start; k < group * Cut::sites; k += together * apart) {
        std::array<Read, together> read;
        NWM_UNROLL
        for (unsigned j = 0; j < together; ++j)
          if (const Number number(cut, k + j * apart, first); number.there) read[j] = finish.read(number.at);
        NWM_UNROLL
        for (unsigned j = 0; j < together; ++j)
          if (const Number number(cut, k + j * apart, first); number.there)
            finish(number.at, of(number), read[j]);
      }
    } else {
      for (unsigned k = start; k < group * Cut::sites; k += apart)
        if (const Number number(cut, k, first); number.there) finish(number.at, of(number));
    }
  }
};

}  // namespace nwm::device

#include "nwm/pop_macros.inc"
