// expect: write V.0.5.
// max-errors: 0
// max-lines: 15
// A float beside a value in a rule: packs of doubles take none.
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
#ifdef NWM_SHOULD_COMPILE
      return s[0] = V(0.5f) * g, p - V(rate) * s[0];
#else
      return s[0] = 0.5f * g, p - V(rate) * s[0];
#endif
    }
  };
  static Rule rule(std::uint64_t, double rate) { return {rate}; }
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, nwm::loss::CrossEntropy, Mine>* trainer;
