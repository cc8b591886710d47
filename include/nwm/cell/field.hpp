// The fields of a cell: what lives at every site and oscillator channel.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>

#include "nwm/cell/activation.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::cell {

/// What a field is for.
enum class Role {
  state,         ///< carried from step to step
  map,           ///< constant in time
  intermediate,  ///< lives within one step
  drive,         ///< the input of the step
  unused         ///< no field: parameters of an encoder that checkpoints hold and nothing runs
};

/// What the trained numbers of a field are given for. They are the same for all images.
enum class Spread {
  none,        ///< the field has no trained numbers
  everywhere,  ///< one number
  channel,     ///< one for each oscillator channel
  site         ///< one for each channel and site
};

/// What is made of a trained number before a cell sees it.
enum class Transform {
  none,
  relu,     ///< max(x, 0)
  logistic  ///< 1 / (1 + exp(−x))
};

/// One field of a cell: `oscillators` channels over the grid, known by its enumerator `index`. Where it
/// starts: from an encoder of `encoder_layers` > 0 convolutions ("<name>_encoder"; ReLU between them,
/// `activation` last), from numbers that belong to the model (`spread`; parameter `name`), or else from zero.
struct FieldInfo {
  std::size_t index = 0;                     ///< its enumerator
  Name name;                                 ///< what files and messages call it
  Role role = Role::state;                   ///< what it is for
  std::size_t encoder_layers = 0;            ///< convolutions of its encoder; 0: it has none
  Activation activation = Activation::none;  ///< what follows the encoder's last convolution
  Spread spread = Spread::none;              ///< what its trained numbers are given for
  Transform transform = Transform::none;     ///< what is made of them before the cell sees them
  InitialRange range{};                      ///< where the numbers start, before the transform
  bool trained = true;                       ///< whether the optimiser may change them
};

/// A state that starts at zero.
constexpr FieldInfo resting_state(std::size_t field, Name name) { return {field, name, Role::state}; }
/// A state whose value at t = 0 is encoded from the image.
constexpr FieldInfo encoded_state(std::size_t field, Name name, std::size_t layers, Activation last) {
  return {field, name, Role::state, layers, last};
}
/// A constant map encoded from the image.
constexpr FieldInfo encoded_map(std::size_t field, Name name, std::size_t layers, Activation last) {
  return {field, name, Role::map, layers, last};
}
/// A map the user sets (in a Simulation): a source, a mask, a wave speed.
constexpr FieldInfo given_map(std::size_t field, Name name) { return {field, name, Role::map}; }
/// A value that one stage writes and a later stage of the same step reads.
constexpr FieldInfo intermediate(std::size_t field, Name name) { return {field, name, Role::intermediate}; }
/// The input of the step: as many channels as the input has, over the grid or, for a vector, over one site. A
/// dense coupling takes any; `update` reads it only where the input has the cell's channels.
constexpr FieldInfo driven(std::size_t field, Name name) { return {field, name, Role::drive}; }

/// A trained map that is one number, one a channel, or one a channel and site: parameter `name`, uniform
/// between `low` and `high` at first, of shape (1), (C) or (1, C, H, W).
constexpr FieldInfo trained_number(std::size_t field, Name name, double value,
                                   Transform transform = Transform::none) {
  return {.index = field,
          .name = name,
          .role = Role::map,
          .spread = Spread::everywhere,
          .transform = transform,
          .range = {value, value}};
}
/// A trained map that is one number a channel, uniform between `low` and `high` at first.
constexpr FieldInfo trained_channels(std::size_t field, Name name, double low, double high,
                                     Transform transform = Transform::none) {
  return {.index = field,
          .name = name,
          .role = Role::map,
          .spread = Spread::channel,
          .transform = transform,
          .range = {low, high}};
}
/// A trained map that is one number a channel and site, uniform between `low` and `high` at first.
constexpr FieldInfo trained_sites(std::size_t field, Name name, double low, double high,
                                  Transform transform = Transform::none) {
  return {.index = field,
          .name = name,
          .role = Role::map,
          .spread = Spread::site,
          .transform = transform,
          .range = {low, high}};
}
/// A state that starts at numbers drawn once from the model's seed, uniform between `low` and `high`: the
/// parameter `name` (1, C, H, W), which stays as it is or, with `trained`, is learned.
constexpr FieldInfo random_state(std::size_t field, Name name, double low, double high,
                                 bool trained = false) {
  return {.index = field,
          .name = name,
          .role = Role::state,
          .spread = Spread::site,
          .range = {low, high},
          .trained = trained};
}

/// Parameters "<name>_encoder" that a checkpoint holds although nothing uses them. They have no enumerator,
/// are not trained and cost no memory besides their own.
constexpr FieldInfo unused_encoding(Name name, std::size_t layers) { return {0, name, Role::unused, layers}; }

/// Some fields, by their enumerators: {u, v}.
class FieldList {
 public:
  static constexpr std::size_t capacity = 16;  ///< the most fields of a list

  constexpr FieldList() = default;
  /// The list of one field.
  constexpr explicit FieldList(std::size_t field) : FieldList({field}) {}
  /// The list of several fields.
  constexpr FieldList(std::initializer_list<std::size_t> fields) {
    for (const std::size_t field : fields) {
      if (size_ < capacity) fields_[size_] = field;
      ++size_;
    }
  }
  /// How many were listed: more than `capacity` are not kept, and a cell that lists them is refused.
  constexpr std::size_t size() const { return size_; }
  /// The i-th field listed.
  constexpr std::size_t operator[](std::size_t i) const { return fields_[i]; }

 private:
  std::array<std::size_t, capacity> fields_{};
  std::size_t size_ = 0;
};

/// Position of `field` in `list`, or list.size().
template <std::size_t n>
constexpr std::size_t position(const std::array<std::size_t, n>& list, std::size_t field) {
  std::size_t i = 0;
  while (i != n && list[i] != field) ++i;
  return i;
}

}  // namespace nwm::cell
