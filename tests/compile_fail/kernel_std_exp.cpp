// expect: write math::
// max-errors: 0
// max-lines: 15
// A function of floats in a loss: SIMD packs have nwm::math.
#include <cmath>

#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

struct Mine : nwm::loss::CrossEntropy {
  template <class Real>
  struct Kernel {
    const Real* target;
    Real* scores;
    template <class Lane>
    constexpr typename Lane::Value operator()(Lane lane) const {
      using V = typename Lane::Value;
      const V v = lane.load(scores);
#ifdef NWM_SHOULD_COMPILE
      return nwm::math::exp(v);
#else
      return V(std::exp(v));
#endif
    }
  };
  template <std::size_t, class Real>
  Kernel<Real> kernel(double, const Real* target, std::size_t, Real* scores, std::size_t) const {
    return {target, scores};
  }
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, Mine>* trainer;
