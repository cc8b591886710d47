#include "nwm/backend/device/cuda.cuh"
#include "run_unet_case.hpp"

// The small case's two images in one pass. In a template: nvcc 13.0 cannot name a U-Net elsewhere.
template <class B>
static bool add() {
  conformance::add_unet<nwm::UNet<conformance::small_unet, 2, B, float>>("narrow");
  conformance::add_unet<nwm::UNet<conformance::small_unet, 2, B, double>>("narrow");
  return true;
}
static const bool added = add<nwm::device::Cuda<2>>();
