// Weights on disk, under the names of the authors' PyTorch checkpoints, with a description of the model they
// belong to.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/safetensors.hpp"
#include "nwm/memory/layout.hpp"
#include "nwm/model/description.hpp"
#include "nwm/model/model.hpp"
#include "nwm/version.hpp"

namespace nwm {

namespace io {

namespace detail {

inline std::string tensor_name(const std::string& prefix, const Slice& slice) {
  return prefix + std::string(slice.name.view());
}

/// Throws Error where a weight is no finite number, or a running variance is negative.
template <class T>
void check_values(const Safetensors& file, const std::string& name, std::span<const T> values) {
  const bool variance = name.ends_with("running_var");
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]) || (variance && values[i] < T(0)))
      throw Error(file.source, "value " + std::to_string(i) + " of '" + name + "'",
                  variance ? "0 or a positive number" : "a finite number",
                  shown(static_cast<double>(values[i])));
}

template <class Layout, class Real>
void put_slices(Safetensors& file, const Layout& layout, std::span<const Real> values,
                const std::string& prefix) {
  for (const Slice& slice : layout.slices) {
    const std::string name = tensor_name(prefix, slice);
    const auto part = values.subspan(slice.offset, slice.size);
    check_values(file, name, part);
    file.add(name, {slice.shape().begin(), slice.shape().end()}, part);
  }
}

/// The values of a tensor of F16, BF16, F32 or F64. Throws Error, naming it, where it is missing or of
/// another type.
template <class Real>
std::vector<Real> weights_of(const Safetensors& file, const std::string& name) {
  const Tensor& tensor = file.at(name);
  const bool numbers = tensor.dtype == DType::F16 || tensor.dtype == DType::BF16 ||
                       tensor.dtype == DType::F32 || tensor.dtype == DType::F64;
  if (!numbers)
    throw Error(file.source, "type of '" + name + "'", "F16, BF16, F32 or F64", name_of(tensor.dtype));
  return tensor.template numbers<Real>(file.source, "'" + name + "'");
}

template <class Real, class Layout>
void check_slices(const Safetensors& file, const Layout& layout, const std::string& prefix) {
  for (const Slice& slice : layout.slices) {
    const std::string name = tensor_name(prefix, slice);
    const Tensor& tensor = file.at(name);
    const std::vector<std::size_t> shape(slice.shape().begin(), slice.shape().end());
    if (tensor.shape != shape)
      throw Error(file.source, "shape of '" + name + "'", to_string(std::span<const std::size_t>(shape)),
                  to_string(std::span<const std::size_t>(tensor.shape)));
    check_values(file, name, std::span<const Real>(weights_of<Real>(file, name)));
  }
}

template <class Layout, class Real>
void take_slices(const Safetensors& file, const Layout& layout, std::span<Real> values,
                 const std::string& prefix) {
  for (const Slice& slice : layout.slices) {
    const auto read = weights_of<Real>(file, tensor_name(prefix, slice));
    std::copy(read.begin(), read.end(), values.subspan(slice.offset, slice.size).begin());
  }
}

/// A count PyTorch keeps beside each pair of running statistics and wants to find; it has no part in the
/// numbers.
inline constexpr std::string_view batches_tracked = "num_batches_tracked";

template <class Model>
bool knows(std::string_view name) {
  const auto has = [](const auto& layout, std::string_view wanted) {
    return std::any_of(layout.slices.begin(), layout.slices.end(),
                       [&](const Slice& s) { return s.name.view() == wanted; });
  };
  if (has(Model::layout, name)) return true;
  if constexpr (requires { Model::buffer_layout; }) {
    if (!name.ends_with(batches_tracked)) return has(Model::buffer_layout, name);
    name.remove_suffix(batches_tracked.size());
    return has(Model::buffer_layout, std::string(name) + "running_mean");
  }
  return false;
}

/// A value of a description as errors say it: the numbers of a cell in their shortest text.
inline std::string readable(std::string_view key, const std::string& value) {
  if (!key.starts_with("cell.")) return value;
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  return value.empty() || *end != 0 ? value : shown_exactly(number);
}

}  // namespace detail

/// Adds every slice of the model's parameters to `file` under prefix + its name. Throws Error, naming
/// file.source and the slice, where a value is no finite number.
template <class Model>
void put_parameters(Safetensors& file, const Model& model, const std::string& prefix = "") {
  detail::put_slices(file, Model::layout, std::span<const typename Model::Real>(model.parameters()), prefix);
}

/// Sets the model's parameters from the tensors prefix + name. All are checked before any is set: throws
/// Error naming the file, the tensor and what differs (missing, shape, type). F16, BF16, F32 and F64 are
/// converted to the model's type; a number that is infinite there is an Error.
template <class Model>
void take_parameters(const Safetensors& file, Model& model, const std::string& prefix = "") {
  using Real = typename Model::Real;
  detail::check_slices<Real>(file, Model::layout, prefix);
  detail::take_slices(file, Model::layout, std::span<Real>(model.parameters()), prefix);
}

/// Parameters and, where a model has them, the running statistics of its batch normalisations. Throws as
/// put_parameters.
template <class Model>
void put_model(Safetensors& file, const Model& model, const std::string& prefix = "") {
  put_parameters(file, model, prefix);
  if constexpr (requires { Model::buffer_layout; }) {
    detail::put_slices(file, Model::buffer_layout, std::span<const typename Model::Real>(model.buffers()),
                       prefix);
    for (const Slice& slice : Model::buffer_layout.slices) {
      const std::string name = detail::tensor_name(prefix, slice);
      if (name.ends_with("running_mean"))
        file.add(name.substr(0, name.rfind('.') + 1) + std::string(detail::batches_tracked), {},
                 std::vector<std::int64_t>{0});
    }
  }
}

/// As take_parameters, with the running statistics.
template <class Model>
void take_model(const Safetensors& file, Model& model, const std::string& prefix = "") {
  using Real = typename Model::Real;
  if constexpr (requires { Model::buffer_layout; })
    detail::check_slices<Real>(file, Model::buffer_layout, prefix);
  take_parameters(file, model, prefix);
  if constexpr (requires { Model::buffer_layout; })
    detail::take_slices(file, Model::buffer_layout, std::span<Real>(model.buffers()), prefix);
}

/// What a file says of the model its weights belong to: entries of its metadata. Keys begin with "nwm.".
template <class Model>
void put_description(Safetensors& file, const Model& model) {
  file.metadata["nwm.version"] = version;
  describe(model,
           [&](const std::string& key, const std::string& value) { file.metadata["nwm." + key] = value; });
}

/// Throws Error, naming what differs, where the file describes another model: another value, or what one of
/// the two says and the other does not, but for the numbers of a shape that this model does not use. A file
/// without a description is not asked: those of the authors say nothing.
template <class Model>
void check_description(const Safetensors& file, const Model& model) {
  if (!file.metadata.contains("nwm.version")) return;
  constexpr std::string_view nothing = "nothing of the kind";
  std::vector<std::string> expected{"nwm.version"};
  for (const auto& [name, size] : model::inner_sizes) expected.push_back(std::string("nwm.shape.") + name);
  describe(model, [&](const std::string& key, const std::string& value) {
    expected.push_back("nwm." + key);
    const auto found = file.metadata.find("nwm." + key);
    if (found == file.metadata.end() || found->second != value)
      throw Error(file.source, key + " of the model", detail::readable(key, value),
                  found == file.metadata.end() ? std::string(nothing) : detail::readable(key, found->second));
  });
  for (const auto& [key, value] : file.metadata)
    if (key.starts_with("nwm.") && !key.starts_with("nwm.trainer.") &&
        std::find(expected.begin(), expected.end(), key) == expected.end())
      throw Error(file.source, key.substr(4) + " of the model", nothing, value);
}

}  // namespace io

/// Writes the weights and the description of the model (description.hpp), whole or not at all. Throws Error
/// when the file cannot be written, or a weight is no finite number (such a file could not be loaded); an old
/// one then stays.
template <ModelParameters Model>
[[gnu::cold]] void save(const Model& model, const std::string& path) {
  io::Safetensors file;
  file.source = path;
  io::put_model(file, model);
  io::put_description(file, model);
  file.metadata["format"] = "pt";
  io::write_safetensors(path, file);
}

/// What `load` does with tensors that the model does not know.
enum class ForeignTensors { refused, ignored };

/// What `load` did that one may want to know.
struct Loaded {
  std::vector<std::string> converted;  ///< tensors of another type than the model's: F16, BF16, F32, F64
  std::vector<std::string> ignored;    ///< tensors that the model does not know, where asked to ignore them
};

/// Sets the model's weights from a file written by `save`, or by Python from the authors' model. Weights of
/// F16, BF16, F32 or F64 are converted to the model's type. Throws Error when the file is damaged, any tensor
/// is missing, foreign (where that is not ignored), or of another shape or type, a value is no finite number,
/// the file describes another model (its dt, its readout, …) or holds a training; the model then is
/// unchanged.
template <ModelParameters Model>
Loaded load(Model& model, const std::string& path, ForeignTensors foreign = ForeignTensors::refused) {
  const io::Safetensors file = io::read_safetensors(path);
  if (file.contains("trainer.counters"))
    throw Error(file.source, "file", "the weights of a model, as nwm::save writes them",
                "a training; nwm::load_training(trainer, path) loads it");
  io::check_description(file, model);
  Loaded notes;
  for (const auto& [name, tensor] : file.tensors) {
    if (!io::detail::knows<Model>(name)) {
      if (foreign == ForeignTensors::refused)
        throw Error(file.source, "tensor '" + name + "'", "no tensor of that name in this model", "one");
      notes.ignored.push_back(name);
    } else if (tensor.dtype != io::dtype_of<typename Model::Real>() && tensor.dtype != io::DType::I64) {
      notes.converted.push_back(name);
    }
  }
  Model loaded = model;
  io::take_model(file, loaded);
  model = std::move(loaded);
  return notes;
}

}  // namespace nwm
