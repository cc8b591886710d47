// What a model is, in words: what weight files say of the model they belong to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "nwm/cell/cell.hpp"
#include "nwm/cell/numbers.hpp"
#include "nwm/error.hpp"
#include "nwm/grid/shape.hpp"

namespace nwm {

namespace model {

/// f(name, value) for every run-time number of the model's cell (its dt, …), where it has one.
template <class Model, class F>
void for_cell_numbers(const Model& model, const F& f) {
  if constexpr (requires { model.cell; }) {
    cell::for_numbers(model.cell, f);
  }
}

/// The numbers of a Shape that only some models use. A model lists those that it does as its `shape_sizes`.
inline constexpr std::array<std::pair<const char*, std::size_t Shape::*>, 3> inner_sizes{
    {{"oscillators", &Shape::oscillators},
     {"steps", &Shape::steps},
     {"encoder_width", &Shape::encoder_width}}};

/// A list of widths: "256, 256, 256".
template <class Widths>
std::string list(const Widths& widths) {
  std::string text;
  for (const std::size_t w : widths) text.append(text.empty() ? "" : ", ").append(std::to_string(w));
  return text;
}

}  // namespace model

/// f(key, value), both std::string, for everything that decides what the numbers of a model's weights mean:
/// its kind, the numbers of its shape that it uses, its cell with all its numbers, readout and head. A model
/// of one's own adds to it by a member describe(f).
template <class Model, class F>
void describe(const Model& model, const F& f) {
  f("kind", std::string(Model::kind));
  constexpr auto shape = Model::shape;
  const auto number = [&](const char* key, std::size_t value) {
    f(std::string("shape.") + key, std::to_string(value));
  };
  number("height", shape.height), number("width", shape.width);
  if constexpr (requires { shape.image_channels; }) {
    number("image_channels", shape.image_channels), number("outputs", Model::outputs);
    if constexpr (requires { Model::shape_sizes; })
      for (const auto& [name, size] : model::inner_sizes)
        if (std::find(Model::shape_sizes.begin(), Model::shape_sizes.end(), size) != Model::shape_sizes.end())
          number(name, shape.*size);
  } else {
    number("inputs", shape.inputs), number("input_sites", shape.input_sites());
    number("outputs", Model::outputs), number("steps", shape.steps);
    number("oscillators", shape.oscillators);
    f("positions", std::string(Model::Positions::name));
  }
  if constexpr (requires { Model::Readout::name; }) f("readout", std::string(Model::Readout::name));
  if constexpr (requires { Model::Head::widths; }) f("head", model::list(Model::Head::widths));
  if constexpr (requires { Model::layers; }) f("layers", std::to_string(Model::layers));
  if constexpr (requires { Model::width; }) f("width", std::to_string(Model::width));
  if constexpr (requires { typename Model::Cell; }) f("cell", std::string(Model::Cell::name));
  if constexpr (requires { typename Model::ImageGrid; })
    f("boundary", std::string(Model::ImageGrid::Boundary::name));
  model::for_cell_numbers(
      model, [&](std::string_view name, double value) { f("cell." + std::string(name), shown(value, 17)); });
  if constexpr (requires { model.describe(f); }) model.describe(f);
}

}  // namespace nwm
