// The machine of train_npy, for your own pictures: change the three constants, and build again. nwm_predict
// has it, too, and predicts with the weights that train_npy leaves.
#pragma once

#include <nwm/nwm.hpp>

constexpr std::size_t side = 32;     // height and width of a picture, in pixels
constexpr std::size_t channels = 1;  // 1: grey; 3: red, green, blue
constexpr std::size_t classes = 5;   // the background, 0, counted

using OwnMachine = nwm::WaveMachine<nwm::Shape{.height = side,
                                               .width = side,
                                               .image_channels = channels,
                                               .oscillators = 4,
                                               .steps = 40,
                                               .classes = classes,
                                               .encoder_width = 8},
                                    nwm::readout::Linear, nwm::head::Narrow>;
