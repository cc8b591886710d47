// Other targets, other losses, other optimisers: they are arguments of the trainer's type, and their options are
// arguments of its constructor. Three small machines, each trained towards another kind of target.
#include <cstdio>
#include <nwm/nwm.hpp>
#include <nwm/loss/image_cross_entropy.hpp>
#include <nwm/loss/mean_squares.hpp>
#include <nwm/optimizer/sgd.hpp>

constexpr nwm::Shape shape{
    .height = 16, .width = 16, .oscillators = 2, .steps = 12, .classes = 5, .encoder_width = 4};
constexpr nwm::Shape one_number{.height = 16, .width = 16, .oscillators = 2, .steps = 12, .encoder_width = 4, .outputs = 1};
