// expect: HeadLayer
// expect: backward<
// max-lines: 15
// max-errors: 0
// An end of a model that cannot be trained.
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/layer/head.hpp"
#include "nwm/model/pixel_head.hpp"

struct Mine : nwm::layer::Head<4, 3, nwm::head::Hidden<2>> {
#ifndef NWM_SHOULD_COMPILE
  static void backward() {}  // hides that of Head
#endif
};

nwm::model::PixelHead<Mine, 1, 64, nwm::cpu::Scalar, float>* end;
