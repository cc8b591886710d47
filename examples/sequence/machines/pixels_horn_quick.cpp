// HORN for a short training: smaller batches and a higher rate, else as pixels_horn.cpp.
#include "nwm/cell/horn.hpp"
#include "pixels.hpp"

using Machine = sequence::Reader<nwm::cell::Horn<128>, 1, 128, 16>;
static const bool added = sequence::add_quick<Machine, nwm::loss::ImageCrossEntropy>(
    "smnist", "horn", sequence::quick_reading(6, 32, 5e-3, 0.1, 1), 0, {}, nullptr);
