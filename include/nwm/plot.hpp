// The component nwm::plot: pictures, films and charts as PNG and GIF. Needs libpng and giflib.
#pragma once

#include "nwm/plot/chart.hpp"
#include "nwm/plot/colour.hpp"
#include "nwm/plot/draw.hpp"
#include "nwm/plot/field.hpp"
#include "nwm/plot/film.hpp"
#include "nwm/plot/font.hpp"
#include "nwm/plot/gallery.hpp"
#include "nwm/plot/gif.hpp"
#include "nwm/plot/image.hpp"
#include "nwm/plot/png.hpp"
#include "nwm/plot/series.hpp"
#include "nwm/plot/spectrum.hpp"
#include "nwm/plot/strip.hpp"
