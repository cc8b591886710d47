#include "data.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <utility>

#include "../disk.hpp"
#include "nwm/data/load_split.hpp"
#include "nwm/data/mnist.hpp"
#include "nwm/data/multi_mnist.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/tetrominoes.hpp"
#include "nwm/error.hpp"
#include "nwm/io/npy.hpp"

namespace study {
namespace {

using nwm::data::Dataset;
using nwm::data::Extent;
using nwm::data::Split;

/// The generator's options, with the sizes of the study's own sets where the options say "all".
template <class Generator>
Generator drawn(const Options& o) {
  Generator g;
  g.images = o.train_images > 0 ? o.train_images : 10000;
  g.validation = o.validation_images > 0 ? o.validation_images : 1000;
  g.test = o.test_images > 0 ? o.test_images : 1000;
  return g;
}

Split first(Split split, const Options& o) {
  const auto cut = [](Dataset& set, const char* option, std::size_t count) {
    if (count > set.size())
      throw nwm::Error(set.name(), option, "at most " + std::to_string(set.size()), std::to_string(count));
    if (count > 0) set = set.first(count);
  };
  cut(split.train, "--train-images", o.train_images);
  cut(split.validation, "--val-images", o.validation_images);
  cut(split.test, "--test-images", o.test_images);
  return split;
}

/// Whether the given folder has ready-made files of that name.
bool ready(const Options& o, const std::string& name) {
  std::error_code code;
  if (o.data_dir.empty()) return false;
  if (!std::filesystem::is_directory(o.data_dir, code))
    throw nwm::Error("nwm_study", "--data-dir", "a folder", "none of the name '" + o.data_dir.string() + "'");
  return nwm::data::has_split(o.data_dir, name);
}

const std::filesystem::path& mnist_folder(const Options& o, const std::string& purpose) {
  if (o.data_dir.empty())
    throw nwm::Error("nwm_study", "--data-dir",
                     "a folder with " + purpose +
                         "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
                         "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz (examples/fetch_mnist.sh "
                         "FOLDER gets them)",
                     "none given");
  return o.data_dir;
}

std::string fingerprint(const Split& split) {
  std::string out;
  std::uint64_t hash = 0;
  for (const Dataset* set : {&split.train, &split.validation, &split.test}) {
    out += (out.empty() ? "" : " + ") + std::to_string(set->size());
    for (std::size_t i = 0; i < set->size(); ++i)
      hash = hash * 0x100000001B3ull + nwm::data::detail::hash(set->mask(i));
  }
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return out + " images " + digits.data();
}

/// MNIST as the authors split it: random_split after torch.manual_seed(42), of which the first 85 % train.
nwm::data::Mnist shuffled(nwm::data::Mnist files) {
  nwm::data::Digits& all = files.training;
  nwm::data::Digits out{all.height, all.width, {}, {}, all.name};
  out.pixels.reserve(all.pixels.size()), out.labels.reserve(all.size());
  for (const std::size_t i : torch_permutation(all.size(), 42)) {
    const auto digit = all.picture(i);
    out.pixels.insert(out.pixels.end(), digit.begin(), digit.end());
    out.labels.push_back(all.labels[i]);
  }
  all = std::move(out);
  return files;
}

Data make(const std::string& name, const Options& o) {
  if (name == "polygons" && ready(o, name))
    return {first(nwm::data::load_split(o.data_dir, name), o), "from " + o.data_dir.string(), ""};
  if (name == "polygons")
    return {nwm::data::polygons(Extent{0, 3, 32, 32}, drawn<nwm::data::PolygonOptions>(o)), "drawn", ""};
  if (name == "tetrominoes") {
    if (ready(o, name))
      return {first(nwm::data::load_split(o.data_dir, name), o), "from " + o.data_dir.string(), ""};
    return {nwm::data::tetrominoes(Extent{0, 3, 64, 64}, drawn<nwm::data::TetrominoOptions>(o)), "drawn", ""};
  }
  if (name == "mnist") {
    if (nwm::data::has_split(o.data_dir, name))
      return {first(nwm::data::load_split(o.data_dir, name), o), "from " + o.data_dir.string(), ""};
    const auto& folder = mnist_folder(o, "MNIST's files, ");
    nwm::data::Mnist files = nwm::data::load_mnist(folder);
    if (o.mnist_split == "authors") files = shuffled(std::move(files));
    return {nwm::data::mnist(files, {o.train_images, o.validation_images, o.test_images}),
            "from " + folder.string() + ", " +
                (o.mnist_split == "authors" ? "the authors' split" : "the last 15 % for validation"),
            ""};
  }
  if (ready(o, "multi_mnist"))
    return {first(nwm::data::load_split(o.data_dir, "multi_mnist"), o), "from " + o.data_dir.string(), ""};
  const auto& folder = mnist_folder(
      o, "multi_mnist_{train,val,test}_{images,masks}.npy.gz, or with MNIST's files to compose it of, ");
  return {nwm::data::multi_mnist(Extent{0, 1, 128, 128}, folder, drawn<nwm::data::MultiMnistOptions>(o)),
          "composed of MNIST from " + folder.string(), ""};
}

void write(const Dataset& set, const std::filesystem::path& path) {
  const auto [images, channels, height, width, steps, positions] = set.extent();
  std::vector<float> picture(set.extent().values()), floats;
  std::vector<std::uint8_t> bytes, masks;
  bool exact = true;  // bytes, divided by 255
  for (std::size_t i = 0; i < images; ++i) {
    set.picture(i, std::span(picture));
    for (std::size_t p = 0; p < height * width; ++p)
      for (std::size_t c = 0; c < channels; ++c) {
        const float value = picture[c * height * width + p];
        floats.push_back(value);
        bytes.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
        exact = exact && static_cast<float>(bytes.back()) / 255.0f == value;
      }
    masks.insert(masks.end(), set.mask(i).begin(), set.mask(i).end());
  }
  const std::vector<std::size_t> shape{images, height, width, channels};
  if (exact) nwm::io::write_npy(path.string() + "_images.npy", shape, bytes);
  else nwm::io::write_npy(path.string() + "_images.npy", shape, floats);
  nwm::io::write_npy(path.string() + "_masks.npy", {images, height, width}, masks);
}

}  // namespace

void write(const Split& split, const std::filesystem::path& folder, const std::string& name) {
  disk::make_folder(folder);
  const std::string& pictures = data_set(name).pictures;
  const std::string start = pictures == "multi-mnist" ? "multi_mnist" : pictures;
  write(split.train, folder / (start + "_train"));
  write(split.validation, folder / (start + "_val"));
  write(split.test, folder / (start + "_test"));
}

std::vector<std::size_t> torch_permutation(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::size_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = i;
  for (std::size_t i = 0; i + 1 < count; ++i) std::swap(out[i], out[i + random() % (count - i)]);
  return out;
}

Data load(const std::string& name, const Options& options) {
  Data data = make(data_set(name).pictures, options);
  data.fingerprint = fingerprint(data.split);
  return data;
}

}  // namespace study
