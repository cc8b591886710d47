// expect: math::if_positive
// max-errors: 0
// max-lines: 15
// A branch in a rule: the lanes of a pack need not agree.
#include <array>
#include <cmath>

#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Mine {
  static constexpr std::string_view name = "mine";
  static constexpr std::array<std::string_view, 1> state{"mean"};
  static void check() {}
  static void options(const auto&) {}
  struct Rule {
    double rate;
    template <class V>
    constexpr V operator()(const V& p, const V& g, std::array<V, 1>& s) const {
      s[0] = g;
#ifdef NWM_SHOULD_COMPILE
      return p - V(rate) * nwm::math::if_positive(s[0], V(1), V(-1));
#else
      if (s[0] > 0) return p - V(rate);
      return p + V(rate);
#endif
    }
  };
  static Rule rule(std::uint64_t, double rate) { return {rate}; }
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, nwm::loss::CrossEntropy, Mine>* trainer;
