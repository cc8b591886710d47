// check/float32/small: the gradient of a small machine in float32 against the reference backend in double.
// Also runs everything else in models.hpp on this machine.
#include <span>
#include <string>
#include <vector>

#include "models.hpp"
#include "nwm/backend/cpu/scalar.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/linear.hpp"

namespace device_bench {
namespace {

constexpr nwm::Shape shape{.height = 16,
                           .width = 16,
                           .image_channels = 1,
                           .oscillators = 2,
                           .steps = 20,
                           .classes = 3,
                           .encoder_width = 4};
struct Small {
  static constexpr const char* name = "small";
  template <class B, class Real = float>
  using Machine =
      nwm::WaveMachine<shape, nwm::readout::Linear, nwm::head::Hidden<16>, nwm::cell::Wave, B, Real>;
};
constexpr double bound = 5e-3;  // nwm_conformance's bound: kinks of ReLU

template <class Configuration>
void against_double(Entry& entry, const Options&) {
  const On<Configuration, Full> start;
  const std::vector<float> from(start.parameters().begin(), start.parameters().end());
  const auto exact = gradient<typename Configuration::template Machine<nwm::cpu::Scalar, double>>(from);
  const double error = relative(gradient<On<Configuration, Full>>(from), exact);
  entry.set("float32", error).set("passed", error <= bound);
  entry.set("tf32", relative(gradient<On<Configuration, Tf32>>(from), exact));
  entry.set("bf16", relative(gradient<On<Configuration, Bf16>>(from), exact));
}

const bool exact = add("check/float32/small", against_double<Small>);
const bool small = add_model<Small>();

}  // namespace
}  // namespace device_bench
