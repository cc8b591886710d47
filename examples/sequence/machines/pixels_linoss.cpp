// LinOSS (IMEX): 128 complex oscillators.
#include "nwm/cell/lin_oss.hpp"
#include "pixels.hpp"

namespace {

/// LinOSS without its output, which has as many numbers as the input: here one, which is not enough for ten
/// classes. The readout gets the oscillators' states in its place.
struct Oscillators : nwm::cell::LinOss<> {
  static constexpr std::string_view name = "linoss_states";
  using Output = void;
};

}  // namespace

using Machine = sequence::Reader<Oscillators, 1, 128, 32, nwm::checkpointing::StoreAll,
                                 nwm::head::Hidden<100>, nwm::readout::MeanOfSteps>;
static const bool added =
    sequence::add_reader<Machine>("linoss", sequence::reading(60, 128, 1e-3), "this program");
