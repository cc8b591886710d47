// What a model says of pictures, in one line: labels, scores, and the series its waves leave.
#pragma once

#include "nwm/push_macros.inc"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/loss/label_metrics.hpp"
#include "nwm/memory/array.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/model/model.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/staged_input.hpp"

namespace nwm {

/// Scores of several images, (images, outputs, H, W), and what they say in the kind of target that the loss
/// has: for a class a pixel that of the largest score, (images, H, W); for a label an image that of the
/// largest score averaged over its pixels, (images); for numbers nothing, without a shape: the scores say it.
/// Ties go to the lower class. Of sequences scores are (images, positions, outputs), classes (images,
/// positions), with one position or one a step.
template <class Real>
struct Predictions {
  Array<Real> scores;          ///< as the model gives them
  Array<std::uint8_t> labels;  ///< what the scores say; without a shape where the loss is of numbers
};

namespace detail {

/// A data set of one picture, whose target nobody asks for.
template <class Model>
data::Dataset set_of(std::span<const float> picture) {
  const data::Extent extent = input_extent<Model>(1);
  if (picture.size() != Model::image_size)
    throw Error("predict", "numbers of the picture",
                std::to_string(Model::image_size) + " for " + to_string(extent),
                std::to_string(picture.size()));
  return {extent, data::Dataset::Floats(picture.begin(), picture.end()),
          data::Targets::Bytes(extent.pixels()), "picture"};
}

/// Whether targets of L are class numbers.
template <class L>
inline constexpr bool labels = std::is_integral_v<typename L::Target>;

/// Sets `to` to the labels of an image of these scores: one where L pools, else one a pixel.
template <class Model, class L, class Real>
void set_labels(std::span<const Real> scores, std::span<std::uint8_t> to) {
  constexpr std::size_t outputs = Model::outputs;
  static_assert(outputs <= 256, "predict: labels are bytes");
  if constexpr (L::pooled) {
    const std::vector<double> mean = averaged_scores(scores, outputs);
    to[0] = static_cast<std::uint8_t>(largest_class(std::span<const double>(mean), 0, 1, outputs));
  } else {
    for (std::size_t p = 0; p < to.size(); ++p)
      to[p] = static_cast<std::uint8_t>(largest_class(scores, p, to.size(), outputs));
  }
}

/// Predictions of `count` images, before their numbers are set.
template <class Model, class L>
Predictions<typename Model::Real> blank_predictions(std::size_t count) {
  using Real = typename Model::Real;
  constexpr bool sequences = loss::abreast_of<Model>;
  constexpr std::size_t sites = Model::sites, outputs = Model::outputs;
  const std::size_t height = Model::shape.height, width = Model::shape.width;
  Predictions<Real> all{
      sequences ? Array<Real>({count, sites, outputs}) : Array<Real>({count, outputs, height, width}), {}};
  if constexpr (labels<L>)
    all.labels = Array<std::uint8_t>(L::pooled   ? std::vector{count}
                                     : sequences ? std::vector{count, sites}
                                                 : std::vector{count, height, width});
  return all;
}
/// Sets those of image i from its scores (outputs, positions). Throws Unstable where one is not finite.
template <class Model, class L, class Real>
void set_prediction(const Model& model, std::size_t i, std::span<const Real> s, Predictions<Real>& all) {
  constexpr std::size_t sites = Model::sites, outputs = Model::outputs;
  require_finite_scores(model, i, s);
  if constexpr (loss::abreast_of<Model>) {
    for (std::size_t k = 0; k < outputs; ++k)
      for (std::size_t p = 0; p < sites; ++p) all.scores[i][p * outputs + k] = s[k * sites + p];
  } else {
    std::copy(s.begin(), s.end(), all.scores[i].begin());
  }
  if constexpr (labels<L>) set_labels<Model, L>(s, all.labels[i]);
}

/// Fields of image i of a pass, which has them as (plane, image, site) or (plane, site, image), from or to
/// (plane, site).
template <class Model, class Real>
void take_image(const Real* pass, std::size_t i, std::span<Real> to) {
  constexpr std::size_t sites = loss::abreast_of<Model> ? 1 : Model::shape.sites();
  for (std::size_t plane = 0; plane < to.size() / sites; ++plane)
    std::copy_n(pass + (plane * Model::images + i) * sites, sites, to.data() + plane * sites);
}
template <class Model, class Real>
void put_image(std::span<const Real> from, std::size_t i, Real* pass) {
  constexpr std::size_t sites = loss::abreast_of<Model> ? 1 : Model::shape.sites();
  for (std::size_t plane = 0; plane < from.size() / sites; ++plane)
    std::copy_n(from.data() + plane * sites, sites, pass + (plane * Model::images + i) * sites);
}

/// The recorded series of a set; run(first image, count, pictures of a pass, its series, workspace) sets that
/// of a pass.
template <class Model, class Run>
Array<typename Model::Real> record_passes(const Model& model, const data::Dataset& set, const Run& run) {
  using Real = typename Model::Real;
  constexpr std::size_t images = Model::images;
  require_pictures<Model>(set);
  require_cell(model);
  Array<Real> all({set.size(), Model::steps, Model::series_size / (Model::steps * Model::shape.sites()),
                   Model::shape.height, Model::shape.width});
  const auto space = std::make_unique<typename Model::Workspace>();
  Buffer<Real> one(Model::image_size), pictures(images * Model::image_size),
      series(images * Model::series_size);
  std::vector<std::size_t> indices(set.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (std::size_t start = 0; start < set.size(); start += images) {
    const auto pass =
        std::span<const std::size_t>(indices).subspan(start, std::min(images, set.size() - start));
    lay_out_pictures<Model>(set, pass, one, pictures.data());
    run(start, pass.size(),
        std::span<const Real, images * Model::image_size>(pictures.data(), pictures.size()),
        std::span<Real, images * Model::series_size>(series.data(), series.size()), *space);
    for (std::size_t i = 0; i < pass.size(); ++i) {
      take_image<Model>(static_cast<const Real*>(series.data()), i, all[start + i]);
      const auto place = [](std::size_t k) {
        constexpr std::size_t all_sites = Model::shape.sites(), step = Model::series_size / Model::steps;
        return "step " + std::to_string(k / step + 1) + ", state (" + std::to_string(k % step / all_sites) +
               ", " + std::to_string(k % all_sites / Model::shape.width) + ", " +
               std::to_string(k % Model::shape.width) + ")";
      };
      require_finite(model, start + i, std::span<const Real>(all[start + i]), place);
    }
  }
  return all;
}

}  // namespace detail

/// What `model` says of every picture of a set, whatever the set's targets. `loss` decides which labels there
/// are; for models of a single number a pixel it need not be named. Works for every model, on every backend.
/// Throws Error when the pictures have another size; Unstable, naming the image, when a wave step is or a
/// score is not finite. threads 0: all there are.
template <class Model, loss::Loss L = model::SomeLoss<Model>>
requires ModelFor<Model, L>
Predictions<typename Model::Real> predict(const Model& model, const data::Dataset& set,
                                          std::size_t threads = 0, const L& loss = {}) {
  using Real = typename Model::Real;
  require_pictures<Model>(set);
  detail::require_cell(model);
  auto all = detail::blank_predictions<Model, L>(set.size());
  ExecutorOf<Model, L>(threads, thread_count(threads), loss)
      .predict(model, set, [&](std::size_t i, std::span<const Real> s) {
        detail::set_prediction<Model, L>(model, i, s, all);
      });
  return all;
}
/// The same for one picture (image_channels, H, W), in any contiguous range of floats. Throws Error, too,
/// when it has another length or a number that is not finite.
template <class Model, loss::Loss L = model::SomeLoss<Model>>
requires ModelFor<Model, L>
Predictions<typename Model::Real> predict(const Model& model, std::span<const float> picture,
                                          const L& loss = {}) {
  return predict(model, detail::set_of<Model>(picture), 1, loss);
}

/// The recorded series (images, T, C, H, W) of every picture or sequence of a set, for models of waves; of
/// cells that record several fields (images, T, fields·C, H, W). Throws as predict; the first state that is
/// not finite is named.
template <class Model>
requires requires { Model::series_size; }
Array<typename Model::Real> record(const Model& model, const data::Dataset& set) {
  return detail::record_passes(
      model, set, [&](std::size_t, std::size_t, const auto& pictures, const auto& series, auto& space) {
        model.record(pictures, series, space);
      });
}
/// The same for one picture (image_channels, H, W).
template <class Model>
requires requires { Model::series_size; }
Array<typename Model::Real> record(const Model& model, std::span<const float> picture) {
  return record(model, detail::set_of<Model>(picture));
}

}  // namespace nwm

#include "nwm/pop_macros.inc"
