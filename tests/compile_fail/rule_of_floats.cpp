// expect: RuleFor
// max-errors: 0
// max-lines: 15
// A rule for floats alone.
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
#ifdef NWM_SHOULD_COMPILE
    template <class V>
    constexpr V operator()(const V& p, const V& g, std::array<V, 1>&) const {
      return p - V(rate) * g;
    }
#else
    constexpr float operator()(float p, float g, std::array<float, 1>&) const {
      return p - static_cast<float>(rate) * g;
    }
#endif
  };
  static Rule rule(std::uint64_t, double rate) { return {rate}; }
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, nwm::loss::CrossEntropy, Mine>* trainer;
