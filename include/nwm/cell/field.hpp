// The fields of a cell: what lives at every site and oscillator channel.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>

#include "nwm/cell/activation.hpp"
#include "nwm/memory/name.hpp"

namespace nwm::cell {

/// What a field is for.
enum class Role {
  state,         ///< carried from step to step
  map,           ///< constant in time
  intermediate,  ///< lives within one step
  unused         ///< no field: parameters of an encoder that checkpoints hold and nothing runs
};

/// One field of a cell: `oscillators` channels over the grid, known by its enumerator `index`. With an
/// encoder of `encoder_layers` > 0 convolutions ("<name>_encoder"; ReLU between them, `activation` last) it
/// is computed from the image, otherwise a state starts at zero.
struct FieldInfo {
  std::size_t index = 0;
  Name name;
  Role role = Role::state;
  std::size_t encoder_layers = 0;
  Activation activation = Activation::none;
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
/// Parameters "<name>_encoder" that a checkpoint holds although nothing uses them. They have no enumerator,
/// are not trained and cost no memory besides their own.
constexpr FieldInfo unused_encoding(Name name, std::size_t layers) { return {0, name, Role::unused, layers}; }

/// Some fields, by their enumerators: {u, v}.
class FieldList {
 public:
  static constexpr std::size_t capacity = 16;

  constexpr FieldList() = default;
  constexpr FieldList(std::initializer_list<std::size_t> fields) {
    for (const std::size_t field : fields) {
      if (size_ < capacity) fields_[size_] = field;
      ++size_;
    }
  }
  /// How many were listed: more than `capacity` are not kept, and a cell that lists them is refused.
  constexpr std::size_t size() const { return size_; }
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
