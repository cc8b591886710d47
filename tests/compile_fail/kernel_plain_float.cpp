// expect: write V.0.5.
// max-errors: 0
// max-lines: 15
// A float beside a value in a loss: packs of doubles take none.
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
      return V(0.5f) * v;
#else
      return 0.5f * v;
#endif
    }
  };
  template <std::size_t, class Real>
  Kernel<Real> kernel(double, const Real* target, std::size_t, Real* scores, std::size_t) const {
    return {target, scores};
  }
};

nwm::Trainer<nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>, Mine>* trainer;
