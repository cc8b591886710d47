// The one machine of nwm_study that run.py trains, for pack.py: NWM with the linear readout on Tetrominoes,
// in tf32. The study's own files for the device have every readout, in three precisions, which take nvcc
// half an hour.
#include "device.hpp"
#include "machines.hpp"

namespace study {
namespace {

const bool added = (add_readout<Tetrominoes, Device<precision::Tf32>, nwm::cell::Wave, nwm::readout::Linear,
                                Tetrominoes::shape.steps>("nwm"),
                    true);

}  // namespace
}  // namespace study
