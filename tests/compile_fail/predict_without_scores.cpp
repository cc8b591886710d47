// expect: Lacking
// expect: m.scores
// max-errors: 0
// max-lines: 25
// A model that gives no scores says nothing of a picture. Both overloads are told of.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/predict.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
struct Lacking : Machine {
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using Machine::scores;
};

nwm::Predictions<float> said(const Lacking& model, const nwm::data::Dataset& set) {
  return nwm::predict(model, set);
}
