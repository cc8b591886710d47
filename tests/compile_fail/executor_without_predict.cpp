// expect: Lacking
// expect: predict
// max-errors: 0
// max-lines: 15
// An executor that trains and gives no scores.
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
using PerImage = nwm::PerImageExecutor<Machine, nwm::loss::CrossEntropy>;
struct Lacking : PerImage {
  using PerImage::PerImage;
#ifndef NWM_SHOULD_COMPILE
 private:
#endif
  using PerImage::predict;
};

static_assert(nwm::Executor<Lacking, Machine, nwm::loss::CrossEntropy>);
