// Every parameter of the whole U-Net against differences, the slow part of its tests.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE gradient_unet_parameters

#include <boost/test/unit_test.hpp>

#include "unet_tools.hpp"

using namespace unet_test;

BOOST_AUTO_TEST_CASE(every_parameter_in_training_mode) {
  every_slice_has_its_gradient<Net<1, Scalar, double>>(2);
  every_slice_has_its_gradient<Net<2, Simd<>, double>>(2);
}
