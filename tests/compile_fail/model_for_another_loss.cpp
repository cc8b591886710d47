// expect: OnlyClasses
// expect: add_gradient
// max-errors: 0
// max-lines: 15
// A model that is trained by the cross-entropy of pixels, and by no other loss.
#include "nwm/loss/image_cross_entropy.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/train/trainer.hpp"

using Machine = nwm::WaveMachine<nwm::Shape{.height = 8, .width = 8}>;
struct OnlyClasses : Machine {
  double add_gradient(PassPictures image, std::span<const std::uint8_t> target, float scale,
                      std::span<float, parameter_count> gradient, Workspace& w,
                      const nwm::loss::CrossEntropy& loss) const {
    return Machine::add_gradient(image, target, scale, gradient, w, loss);
  }
};

#ifdef NWM_SHOULD_COMPILE
using Loss = nwm::loss::CrossEntropy;
#else
using Loss = nwm::loss::ImageCrossEntropy;
#endif

nwm::Trainer<OnlyClasses, Loss>* trainer;
