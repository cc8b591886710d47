// What a model says of pictures, in one line: labels, scores, and the series its waves leave.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "nwm/backend/threads.hpp"
#include "nwm/data/dataset.hpp"
#include "nwm/error.hpp"
#include "nwm/memory/array.hpp"
#include "nwm/memory/buffer.hpp"
#include "nwm/train/evaluate.hpp"
#include "nwm/train/staged_input.hpp"

namespace nwm {

/// Scores of several images, (images, outputs, H, W), and the class of the largest at every pixel, (images,
/// H, W); of sequences (images, positions, outputs) and (images, positions), one position or one a step. Ties
/// go to the lower class.
template <class Real>
struct Predictions {
  Array<Real> scores;
  Array<std::uint8_t> labels;
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

}  // namespace detail

/// What `model` says of every picture of a set, whatever the set's targets. Works for every model, on every
/// backend. Throws Error when the pictures have another size, Unstable when a wave step is. threads 0: all
/// there are.
template <class Model>
Predictions<typename Model::Real> predict(const Model& model, const data::Dataset& set,
                                          std::size_t threads = 0) {
  using Real = typename Model::Real;
  require_pictures<Model>(set);
  constexpr std::size_t sites = Model::sites, outputs = Model::outputs;
  constexpr bool sequences = loss::abreast_of<Model>;
  static_assert(outputs <= 256, "predict: labels are bytes");
  const std::size_t height = Model::shape.height, width = Model::shape.width;
  Predictions<Real> all;
  if constexpr (sequences)
    all = {Array<Real>({set.size(), sites, outputs}), Array<std::uint8_t>({set.size(), sites})};
  else
    all = {Array<Real>({set.size(), outputs, height, width}),
           Array<std::uint8_t>({set.size(), height, width})};
  ExecutorOf<Model>(threads, thread_count(threads))
      .predict(model, set, [&](std::size_t i, std::span<const Real> s) {
        if constexpr (sequences) {
          for (std::size_t k = 0; k < outputs; ++k)
            for (std::size_t p = 0; p < sites; ++p) all.scores[i][p * outputs + k] = s[k * sites + p];
        } else {
          std::ranges::copy(s, all.scores[i].begin());
        }
        const std::span<std::uint8_t> labels = all.labels[i];
        for (std::size_t p = 0; p < sites; ++p) {
          std::size_t best = 0;
          for (std::size_t k = 1; k < outputs; ++k)
            if (s[k * sites + p] > s[best * sites + p]) best = k;
          labels[p] = static_cast<std::uint8_t>(best);
        }
      });
  return all;
}
/// The same for one picture (image_channels, H, W), in any contiguous range of floats. Throws Error, too,
/// when it has another length or a number that is not finite.
template <class Model>
Predictions<typename Model::Real> predict(const Model& model, std::span<const float> picture) {
  return predict(model, detail::set_of<Model>(picture), 1);
}

/// The recorded series (images, T, C, H, W) of every picture or sequence of a set, for models of waves; of
/// cells that record several fields (images, T, fields·C, H, W). Throws as predict.
template <class Model>
requires requires { Model::series_size; }
Array<typename Model::Real> record(const Model& model, const data::Dataset& set) {
  using Real = typename Model::Real;
  constexpr std::size_t images = Model::images;
  require_pictures<Model>(set);
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
    detail::lay_out_pictures<Model>(set, pass, one, pictures.data());
    model.record(std::span<const Real, images * Model::image_size>(pictures.data(), pictures.size()),
                 std::span<Real, images * Model::series_size>(series.data(), series.size()), *space);
    // From (plane, image, site), or (plane, site, image), to (image, plane, site).
    constexpr std::size_t sites = loss::abreast_of<Model> ? 1 : Model::shape.sites();
    for (std::size_t i = 0; i < pass.size(); ++i)
      for (std::size_t plane = 0; plane < Model::series_size / sites; ++plane)
        std::copy_n(series.data() + (plane * images + i) * sites, sites,
                    all[start + i].data() + plane * sites);
  }
  return all;
}
/// The same for one picture (image_channels, H, W).
template <class Model>
requires requires { Model::series_size; }
Array<typename Model::Real> record(const Model& model, std::span<const float> picture) {
  return record(model, detail::set_of<Model>(picture));
}

}  // namespace nwm
