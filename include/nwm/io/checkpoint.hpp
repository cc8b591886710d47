// Weights and training state on disk, under the names of the authors' PyTorch checkpoints.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nwm/error.hpp"
#include "nwm/io/safetensors.hpp"
#include "nwm/memory/layout.hpp"

namespace nwm {

namespace io {

namespace detail {

inline std::string tensor_name(const std::string& prefix, const Slice& slice) {
  return prefix + std::string(slice.name.view());
}

template <class Layout, class Real>
void put_slices(Safetensors& file, const Layout& layout, std::span<const Real> values,
                const std::string& prefix) {
  for (const Slice& slice : layout.slices)
    file.add(tensor_name(prefix, slice), {slice.shape().begin(), slice.shape().end()},
             values.subspan(slice.offset, slice.size));
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
    if (tensor.dtype != dtype_of<Real>() && tensor.dtype != DType::F32)
      throw Error(file.source, "type of '" + name + "'", name_of(dtype_of<Real>()), name_of(tensor.dtype));
  }
}

template <class Layout, class Real>
void take_slices(const Safetensors& file, const Layout& layout, std::span<Real> values,
                 const std::string& prefix) {
  for (const Slice& slice : layout.slices) {
    const Tensor& tensor = file.at(tensor_name(prefix, slice));
    const auto to = values.subspan(slice.offset, slice.size);
    if (tensor.dtype == DType::F32)
      std::ranges::transform(tensor.template view<float>(), to.begin(),
                             [](float v) { return static_cast<Real>(v); });
    else std::ranges::copy(tensor.template view<Real>(), to.begin());
  }
}

/// A count PyTorch keeps beside each pair of running statistics and wants to find; it has no part in the
/// numbers.
inline constexpr std::string_view batches_tracked = "num_batches_tracked";

template <class Model>
bool knows(std::string_view name) {
  const auto named = [&](const Slice& s) { return s.name.view() == name; };
  if (std::ranges::any_of(Model::layout.slices, named)) return true;
  if constexpr (requires { Model::buffer_layout; })
    return name.ends_with(batches_tracked) || std::ranges::any_of(Model::buffer_layout.slices, named);
  return false;
}

}  // namespace detail

/// Adds every slice of the model's parameters to `file` under prefix + its name.
template <class Model>
void put_parameters(Safetensors& file, const Model& model, const std::string& prefix = "") {
  detail::put_slices(file, Model::layout, std::span<const typename Model::Real>(model.parameters()), prefix);
}

/// Sets the model's parameters from the tensors prefix + name. All are checked before any is set: throws
/// Error naming the file, the tensor and what differs (missing, shape, type). A float model takes F32; a
/// double model F64, or F32 widened.
template <class Model>
void take_parameters(const Safetensors& file, Model& model, const std::string& prefix = "") {
  using Real = typename Model::Real;
  detail::check_slices<Real>(file, Model::layout, prefix);
  detail::take_slices(file, Model::layout, std::span<Real>(model.parameters()), prefix);
}

/// Parameters and, where a model has them, the running statistics of its batch normalisations.
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

}  // namespace io

/// Writes the weights, whole or not at all. Throws Error when the file cannot be written; an old one then
/// stays.
template <class Model>
void save(const Model& model, const std::string& path) {
  io::Safetensors file;
  io::put_model(file, model);
  file.metadata["format"] = "pt";
  io::write_safetensors(path, file);
}

/// Sets the model's weights from a file written by `save`, or by Python from the authors' model. Throws
/// Error when the file is damaged or any tensor is missing, foreign, or of another shape or type; the model
/// then is unchanged.
template <class Model>
void load(Model& model, const std::string& path) {
  const io::Safetensors file = io::read_safetensors(path);
  for (const auto& [name, tensor] : file.tensors)
    if (!io::detail::knows<Model>(name))
      throw Error(file.source, "tensor '" + name + "'", "no tensor of that name in this model", "one");
  io::take_model(file, model);
}

namespace io::detail {
/// The options that decide the numbers of a run, and the cell's time step: a resumed run must have the same.
template <class Trainer>
std::vector<std::pair<std::string, double>> decisive(const Trainer& trainer) {
  const auto& o = trainer.options();
  std::vector<std::pair<std::string, double>> all{{"learning_rate", o.learning_rate},
                                                  {"batch", static_cast<double>(o.batch)},
                                                  {"shards", static_cast<double>(o.shards)},
                                                  {"seed", static_cast<double>(o.seed)},
                                                  {"clip_norm", o.clip_norm},
                                                  {"improvement", o.improvement},
                                                  {"optimizer", static_cast<double>(o.adam.kind)},
                                                  {"beta1", o.adam.beta1},
                                                  {"beta2", o.adam.beta2},
                                                  {"epsilon", o.adam.epsilon},
                                                  {"weight_decay", o.adam.weight_decay}};
  if constexpr (requires { static_cast<double>(trainer.current().cell.dt); })
    all.emplace_back("dt", static_cast<double>(trainer.current().cell.dt));
  return all;
}
}  // namespace io::detail

/// Writes all that training needs to go on as if it had not stopped: weights, best weights, moments and
/// counters.
template <class Trainer>
void save_training(Trainer& trainer, const std::string& path) {
  using Real = typename Trainer::Real;
  io::Safetensors file;
  io::put_model(file, trainer.current());
  io::put_model(file, trainer.best(), "best.");
  const std::size_t n = Trainer::parameter_count;
  file.add("adam.first_moment", {n}, std::span<const Real>(trainer.adam().first_moment()));
  file.add("adam.second_moment", {n}, std::span<const Real>(trainer.adam().second_moment()));
  const auto& s = trainer.state();
  const std::vector<std::int64_t> counters{
      static_cast<std::int64_t>(s.epoch), static_cast<std::int64_t>(s.step),
      static_cast<std::int64_t>(s.stale), static_cast<std::int64_t>(s.images),
      static_cast<std::int64_t>(trainer.adam().steps())};
  file.add("trainer.counters", {counters.size()}, counters);
  file.add("trainer.numbers", {3}, std::vector<double>{s.loss_sum, s.best_loss, s.seconds});
  std::vector<double> options;
  for (const auto& [name, value] : io::detail::decisive(trainer)) options.push_back(value);
  file.add("trainer.options", {options.size()}, options);
  io::write_safetensors(path, file);
}

/// Loads what save_training wrote. Throws Error when the file is damaged, belongs to another model, or was
/// trained with other options or another time step (named); the trainer then is unchanged.
template <class Trainer>
void load_training(Trainer& trainer, const std::string& path) {
  using Real = typename Trainer::Real;
  const io::Safetensors file = io::read_safetensors(path);
  const auto values = [&]<class T>(const std::string& name, std::size_t count, T) {
    auto v = file.values<T>(name);
    if (v.size() != count)
      throw Error(file.source, "length of '" + name + "'", std::to_string(count), std::to_string(v.size()));
    return v;
  };
  const auto wanted = io::detail::decisive(trainer);
  const auto options = values("trainer.options", wanted.size(), 0.0);
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (options[i] != wanted[i].second)
      throw Error(file.source, "option " + wanted[i].first, shown(wanted[i].second), shown(options[i]));
  const auto first = values("adam.first_moment", Trainer::parameter_count, Real(0));
  const auto second = values("adam.second_moment", Trainer::parameter_count, Real(0));
  const auto counters = values("trainer.counters", 5, std::int64_t{0});
  for (const std::int64_t c : counters)
    if (c < 0) throw Error(file.source, "'trainer.counters'", "no negative number", std::to_string(c));
  const auto numbers = values("trainer.numbers", 3, 0.0);
  auto current = trainer.current();
  io::take_model(file, current);
  io::take_model(file, trainer.best(), "best.");
  trainer.current() = current;
  std::ranges::copy(first, trainer.adam().first_moment().begin());
  std::ranges::copy(second, trainer.adam().second_moment().begin());
  auto& s = trainer.state();
  const auto counter = [&](std::size_t i) { return static_cast<std::uint64_t>(counters[i]); };
  s.epoch = counter(0), s.step = counter(1), s.stale = counter(2), s.images = counter(3);
  trainer.adam().set_steps(counter(4));
  s.loss_sum = numbers[0], s.best_loss = numbers[1], s.seconds = numbers[2];
}

}  // namespace nwm
