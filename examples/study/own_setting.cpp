// A machine of one's own in nwm_study: the study's pictures under another name, with other sizes.
#include "machines.hpp"

namespace study {
namespace {

/// NWM on polygons with 20 steps, four oscillators at a pixel, encoders of 8 channels and the narrow head.
struct ShortPolygons : Polygons {
  static constexpr const char* name = "polygons-t20";
  static constexpr nwm::Shape shape{.height = 32,
                                    .width = 32,
                                    .image_channels = 3,
                                    .oscillators = 4,
                                    .steps = 20,
                                    .classes = 5,
                                    .encoder_width = 8};
  using Head = nwm::head::Narrow;
};

const bool added =
    (add_readout<ShortPolygons, Cpu, nwm::cell::Wave, nwm::readout::Linear, ShortPolygons::shape.steps>(
         "nwm"),
     true);

}  // namespace
}  // namespace study
