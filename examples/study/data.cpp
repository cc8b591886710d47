#include "data.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "nwm/data/load_split.hpp"
#include "nwm/data/mnist.hpp"
#include "nwm/data/multi_mnist.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/data/tetrominoes.hpp"
#include "nwm/error.hpp"

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

Data make(const std::string& name, const Options& o) {
  if (name == "polygons")
    return {nwm::data::polygons(Extent{0, 3, 32, 32}, drawn<nwm::data::PolygonOptions>(o)), "drawn", ""};
  if (name == "tetrominoes") {
    if (ready(o, name))
      return {first(nwm::data::load_split(o.data_dir, name), o), "from " + o.data_dir.string(), ""};
    return {nwm::data::tetrominoes(Extent{0, 3, 64, 64}, drawn<nwm::data::TetrominoOptions>(o)), "drawn", ""};
  }
  if (name == "mnist") {
    const auto& folder = mnist_folder(o, "MNIST's files, ");
    return {nwm::data::mnist(folder, {o.train_images, o.validation_images, o.test_images}),
            "from " + folder.string(), ""};
  }
  if (ready(o, "multi_mnist"))
    return {first(nwm::data::load_split(o.data_dir, "multi_mnist"), o), "from " + o.data_dir.string(), ""};
  const auto& folder = mnist_folder(
      o, "multi_mnist_{train,val,test}_{images,masks}.npy.gz, or with MNIST's files to compose it of, ");
  return {nwm::data::multi_mnist(Extent{0, 1, 128, 128}, folder, drawn<nwm::data::MultiMnistOptions>(o)),
          "composed of MNIST from " + folder.string(), ""};
}

}  // namespace

Data load(const std::string& name, const Options& options) {
  Data data = make(name, options);
  data.fingerprint = fingerprint(data.split);
  return data;
}

}  // namespace study
