// Ranks that must be the same are held against rank 0 before they begin.
#pragma once

#include "nwm/push_macros.inc"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/bit_cast.hpp"
#include "nwm/mpi/communicator.hpp"
#include "nwm/mpi/together.hpp"

namespace nwm::mpi {

/// What should be the same on all ranks: names, and what is to be said of each.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// Throws on all ranks, naming the lowest rank whose facts are not those of rank 0, and the first that is
/// another. A fact is a line: it has no line breaks.
inline void require_same(const Communicator& ranks, const Facts& facts) {
  std::string told;
  if (ranks.is_first())
    for (const auto& [name, text] : facts) told += name + '\n' + text + '\n';
  ranks.broadcast(told);
  together(ranks, [&] {
    std::size_t at = 0;
    const auto line = [&] {
      const std::size_t end = told.find('\n', at);
      if (end == std::string::npos) return std::string();
      const std::size_t begin = std::exchange(at, end + 1);
      return told.substr(begin, end - begin);
    };
    const auto refuse = [&](const std::string& name, const std::string& first, const std::string& own) {
      throw Error("rank " + std::to_string(ranks.rank()), name, first + ", as rank 0 has", own);
    };
    for (const auto& [name, text] : facts) {
      const std::string first_name = line(), first_text = line();
      if (first_name != name) refuse("facts in their order", first_name, name);
      if (first_text != text) refuse(name, first_text, text);
    }
    if (at != told.size()) refuse("facts in their order", line(), "no more");
  });
}

/// A number that other content hardly has (FNV-1a, over words of 32 bits).
class Fingerprint {
 public:
  /// Takes a word in.
  void add(std::uint32_t word) { value_ = (value_ ^ word) * 0x100000001b3; }
  /// Takes the bits of a number in.
  void add(float number) { add(nwm::bit_cast<std::uint32_t>(number)); }
  /// Takes the bits of a number in.
  void add(double number) {
    const auto bits = nwm::bit_cast<std::uint64_t>(number);
    add(static_cast<std::uint32_t>(bits));
    add(static_cast<std::uint32_t>(bits >> 32));
  }
  /// Takes numbers in, in order.
  template <class T>
  void add(std::span<const T> numbers) {
    for (const T v : numbers) add(v);
  }
  /// Of what has been taken in.
  std::uint64_t value() const { return value_; }
  /// The same, as 16 hexadecimal digits.
  std::string text() const {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value_));
    return text.data();
  }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

/// A set's extent and the fingerprint of its pictures and targets.
inline std::string fact_of(const data::Dataset& set) {
  Fingerprint all;
  std::vector<float> picture(set.extent().values());
  for (std::size_t i = 0; i < set.size(); ++i) {
    set.picture(i, std::span(picture));
    all.add(std::span<const float>(picture));
  }
  for (const std::uint8_t c : set.targets().bytes()) all.add(std::uint32_t{c});
  all.add(std::span<const float>(set.targets().floats()));
  return data::to_string(set.extent()) + " with fingerprint " + all.text();
}

/// What decides the bits of results beside the program's own text: the compiler, and the functions of the
/// standard library, which choose other code on other processors, tried at some places.
inline std::string fact_of_machine() {
  Fingerprint all;
  for (int i = 1; i <= 64; ++i) {
    const volatile double place = 0.0137 * i * i;  // not known when this is compiled
    const double x = place;
    const auto single = static_cast<float>(x);
    for (const double y :
         {std::exp(-x), std::log(x), std::tanh(x), std::sin(x), std::cos(x), std::pow(x, 1.7)})
      all.add(y);
    for (const float y : {std::exp(-single), std::log(single), std::tanh(single), std::sin(single),
                          std::cos(single), std::pow(single, 1.7f)})
      all.add(y);
  }
#ifdef __VERSION__
  const std::string compiler = __VERSION__;
#else
  const std::string compiler = "a compiler";
#endif
  return compiler + ", functions with fingerprint " + all.text();
}

}  // namespace nwm::mpi

#include "nwm/pop_macros.inc"
