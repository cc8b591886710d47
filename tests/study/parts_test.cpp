// What nwm_study is made of: which runs a command line means, results as text, tables, the settings of a
// folder, and what is said when data are missing.
#define BOOST_TEST_MODULE study_parts
#define BOOST_TEST_DYN_LINK
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "../../examples/command_line.hpp"
#include "data.hpp"
#include "figures.hpp"
#include "journal.hpp"
#include "measures.hpp"
#include "numbers.hpp"
#include "nwm/io/npy.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "published.hpp"
#include "report.hpp"
#include "results.hpp"
#include "settings.hpp"
#include "table.hpp"
#include "tools.hpp"

using study::Configuration;
using study::Result;
using study::Run;
using study::Selection;
using tools::error_of;
using tools::Folder;
using tools::has;
using tools::put;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> names(const Selection& selection) {
  std::vector<std::string> out;
  for (const Configuration& c : study::selected_configurations(selection)) out.push_back(c.name());
  return out;
}

Result result(const Configuration& c, std::uint64_t seed, double acc, double iou, std::string verdict = "") {
  return {.run = {c, seed}, .metrics = {0.5, 0.9, 0.8, 0.7, acc, iou}, .verdict = std::move(verdict)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_configuration_once_each_with_its_own_name) {
  BOOST_CHECK_EQUAL(study::configurations().size(), 4u * (4 * 5 + 5 + 4) - 4);
  std::set<std::string> seen;
  for (const Configuration& c : study::configurations()) {
    seen.insert(c.name());
    BOOST_CHECK((study::run_named(c.name() + "-seed17") == Run{c, 17}));
  }
  BOOST_CHECK_EQUAL(seen.size(), study::configurations().size());
  for (const char* name :
       {"", "tetrominoes-nwm-linear", "tetrominoes-nwm-linear-seed", "tetrominoes-nwm-linear-seed01",
        "tetrominoes-nwm-linear-seed-1", "tetrominoes-cnn-3-seed0", "mnist-unet-2-seed0"})
    BOOST_CHECK_MESSAGE(!study::run_named(name), name);
  // The published figures are all of configurations there are.
  for (const study::Published& p : study::published) {
    const std::string name = std::string(p.data) + "-" + std::string(p.model) + "-" + std::string(p.variant);
    BOOST_CHECK_MESSAGE(seen.contains(name), name);
  }
}

BOOST_AUTO_TEST_CASE(data_sets_of_one_s_own) {
  const study::DataSet mnist = study::data_set("mnist");
  study::add_data_set(mnist);  // as each of its machines does
  BOOST_CHECK_EQUAL(study::data_sets().size(), 4u);
  study::DataSet other = mnist;
  other.steps = 50;
  BOOST_CHECK_EQUAL(error_of([&] { study::add_data_set(other); }).field(), "data set mnist");
  other.name = "mnist-t50", other.pictures = "letters";
  BOOST_CHECK_EQUAL(error_of([&] { study::add_data_set(other); }).found(), "'letters'");
  BOOST_CHECK_EQUAL(error_of([&] { study::data_set("mnist-t50"); }).field(), "--data");
}

BOOST_AUTO_TEST_CASE(selections) {
  using Names = std::vector<std::string>;
  BOOST_CHECK((names({}) == Names{"tetrominoes-nwm-linear", "tetrominoes-nwm-fft", "tetrominoes-nwm-last",
                                  "tetrominoes-nwm-mean_time", "tetrominoes-nwm-max_time"}));
  BOOST_CHECK((names({.model = "cnn:16+2,lstm:last", .readout = "fft"}) ==
               Names{"tetrominoes-lstm-last", "tetrominoes-cnn-2", "tetrominoes-cnn-16"}));
  BOOST_CHECK((names({.data = "multi-mnist,polygons", .model = "unet", .width = "3..4,4"}) ==
               Names{"polygons-unet-3", "polygons-unet-4", "multi-mnist-unet-3", "multi-mnist-unet-4"}));
  BOOST_CHECK((names({.model = "cnn,nwm:last,nwm:fft", .layers = "32"}) ==
               Names{"tetrominoes-nwm-fft", "tetrominoes-nwm-last", "tetrominoes-cnn-32"}));
  BOOST_CHECK((study::selected_seeds({.seeds = "7,0-2,1"}) == std::vector<std::uint64_t>{0, 1, 2, 7}));
  BOOST_CHECK_EQUAL(study::selected_seeds({}).size(), 10u);
  const auto refused = [](const Selection& s, const std::string& field, const std::string& found) {
    const nwm::Error error = error_of([&] {
      study::selected_configurations(s);
      study::selected_seeds(s);
    });
    BOOST_CHECK_EQUAL(error.field(), field);
    BOOST_CHECK_EQUAL(error.found(), found);
  };
  refused({.data = "tetris"}, "--data", "'tetris'");
  refused({.data = ""}, "--data", "''");
  refused({.model = "nwm,"}, "--model", "''");
  refused({.model = "cnn:3"}, "--model cnn", "'3'");
  refused({.model = "nwm:"}, "--model nwm", "''");
  refused({.readout = "mean"}, "--readout", "'mean'");
  refused({.layers = "2-4"}, "--layers", "'3'");
  refused({.width = "6"}, "--width", "'6'");
  refused({.data = "mnist", .model = "unet"}, "--model unet on mnist", "56 x 56");
  for (const char* seeds : {"", "a", "3-1", "1-", "-1", "1,,2", "1-2-3", "99999999999999999999", "0-100001"})
    refused({.seeds = seeds}, "--seeds", "'" + std::string(seeds == std::string("1,,2") ? "" : seeds) + "'");
}

BOOST_AUTO_TEST_CASE(command_lines_with_numbers_that_are_none) {
  const auto status = [](std::vector<std::string> arguments) {
    std::vector<char*> argv;
    arguments.insert(arguments.begin(), "nwm_study");
    for (std::string& a : arguments) argv.push_back(a.data());
    study::Options o;
    return study::parse(static_cast<int>(argv.size()), argv.data(), o);
  };
  BOOST_CHECK_EQUAL(status({"--epochs", "3", "--threads", "0", "--train-images", "0"}), -1);
  for (const char* option : {"--epochs", "--batch", "--patience", "--train-images", "--val-images",
                             "--test-images", "--threads", "--parallel"})
    for (const char* value :
         {"-1", "-3", "1.5", "1e3", "", "18446744073709551616", "99999999999999999999999"})
      BOOST_CHECK_GT(status({option, value}), 0);
  for (const char* option : {"--epochs", "--batch", "--patience"})
    BOOST_CHECK_EQUAL(error_of([&] { status({option, "0"}); }).field(), option);
  for (const char* rate : {"0", "-1", "nan", "inf"})
    for (const char* option : {"--lr", "--dt"})
      BOOST_CHECK_EQUAL(error_of([&] { status({option, rate}); }).field(), option);
  BOOST_CHECK_EQUAL(status({"--omega-start", "0.5,1.5"}), -1);
  BOOST_CHECK_EQUAL(status({"--omega-start", "drawn"}), -1);
  for (const char* omega : {"", "1", "1,", ",1", "1,x", "1,2,3", "nan,1", "draw"})
    BOOST_CHECK_EQUAL(error_of([&] { status({"--omega-start", omega}); }).field(), "--omega-start");
  for (const char* share : {"0", "-1", "1.01", "nan"})
    BOOST_CHECK_EQUAL(error_of([&] { status({"--ground-share", share}); }).field(), "--ground-share");
  BOOST_CHECK_EQUAL(error_of([&] { status({"--beta2", "1"}); }).field(), "--beta2");
  BOOST_CHECK_EQUAL(error_of([&] { status({"--improvement", "-1"}); }).field(), "--improvement");
  BOOST_CHECK_GT(status({"--recipe", "slow"}), 0);
  for (const char* value : {"image", "batch", "set"})
    BOOST_CHECK_EQUAL(status({"--foreground-loss", value}), -1);
  for (const char* option : {"--foreground-loss", "--iou"}) BOOST_CHECK_GT(status({option, "pixels"}), 0);
}

BOOST_AUTO_TEST_CASE(results_are_read_back_as_they_were) {
  const Folder folder;
  const Configuration nwm{.data = "mnist", .model = "nwm", .readout = "fft"};
  const Configuration unet{.data = "multi-mnist", .model = "unet", .width = 3};
  Result first = result(nwm, 4, 1.0 / 3, 0.1), second = result(unet, 12, 0, 0, "collapsed");
  first.metrics.loss = nan_value;
  BOOST_CHECK_EQUAL(study::csv_row(first),
                    "mnist-nwm-fft-seed4,mnist,nwm,fft,100,,,nan,0.8,0.9,0.7,0.1,0.3333333333333333\n");
  BOOST_CHECK_EQUAL(study::csv_row(second),
                    "multi-mnist-unet-3-seed12,multi-mnist,unet,,,,width=3 collapsed,0.5,0.8,0.9,0.7,0,0\n");
  for (const Result& r : {first, second}) {
    study::write_result(folder / "r.csv", r);
    const Result read = study::read_result(folder / "r.csv");
    BOOST_CHECK((read.run == r.run));
    BOOST_CHECK_EQUAL(read.verdict, r.verdict);
    BOOST_CHECK_EQUAL(study::csv_row(read), study::csv_row(r));
  }
  const std::string header = study::csv_header(), row = study::csv_row(second);
  const auto damaged = [&](const std::string& bytes, const std::string& field) {
    put(folder / "r.csv", bytes);
    const nwm::Error error = error_of([&] { study::read_result(folder / "r.csv"); });
    BOOST_CHECK_EQUAL(error.where(), (folder / "r.csv").string());
    BOOST_CHECK_EQUAL(error.field(), field);
  };
  damaged("", "header");
  damaged(header, "row");
  damaged(header + row.substr(0, row.size() - 10), "row");
  damaged(header + row.substr(0, row.size() - 1), "row");
  damaged(header + row + row, "row");
  damaged(header + "x" + row, "run_name");
  damaged(header + row.substr(0, row.size() - 2) + "x\n", "row");
}

// Where pandas meets an empty key it leaves the row out; their notebooks look rows up by these names.
BOOST_AUTO_TEST_CASE(rows_for_the_authors_notebooks_have_every_key) {
  const auto row = [](const Configuration& c, std::string verdict = "") {
    return study::authors_row(result(c, 4, 0.25, 0.125, std::move(verdict)));
  };
  BOOST_CHECK_EQUAL(row({.data = "tetrominoes", .model = "nwm", .readout = "fft"}),
                    "tetrominoes-nwm-fft-seed4,new_tetronimoes,cornn_model2,fft,100,16,16,4,0.5,0.8,0.9,0.7,"
                    "0.125,0.25,none\n");
  BOOST_CHECK_EQUAL(row({.data = "mnist", .model = "lstm", .readout = "last"}, "collapsed"),
                    "mnist-lstm-last-seed4,mnist,conv_recurrent2,last,20,16,16,4,0.5,0.8,0.9,0.7,0.125,0.25,"
                    "collapsed\n");
  BOOST_CHECK(has(row({.data = "mnist", .model = "cnn", .layers = 8}),
                  ",mnist,baseline1_flexible,linear,100,8,16,4,"));
  BOOST_CHECK(has(row({.data = "multi-mnist", .model = "unet", .width = 3}),
                  ",multi_mnist,unet2,linear,100,16,3,4,"));
  BOOST_CHECK(
      has(row({.data = "polygons", .model = "unet", .width = 3}), ",polygons,unet2_3,linear,100,16,3,4,"));
  BOOST_CHECK(has(row({.data = "multi-mnist", .model = "nwm", .readout = "linear"}),
                  ",multi_mnist,cornn_model2,linear,100,16,16,4,"));
  BOOST_CHECK(has(row({.data = "multi-mnist", .model = "nwm", .readout = "fft"}),
                  ",multi_mnist,cornn_model2_fft,fft,100,16,16,4,"));
  // A group a configuration by their keys: data set, model, layers, readout; on Multi-MNIST data set, model,
  // c_mid. The rows are left for study/pandas.
  std::set<std::string> groups;
  const auto fields = [](const std::string& text) {
    std::vector<std::string> out(1);
    for (const char c : text)
      if (c == ',') out.emplace_back();
      else out.back() += c;
    return out;
  };
  std::string ours = study::csv_header(), theirs = study::authors_header();
  for (const Configuration& c : study::configurations()) {
    const auto f = fields(row(c));
    BOOST_CHECK_EQUAL(f.size(), fields(study::authors_header()).size());
    for (const std::string& field : f) BOOST_CHECK(!field.empty());
    groups.insert(f[1] + "," + f[2] + "," + (f[1] == "multi_mnist" ? f[6] : f[5] + "," + f[3]));
    for (const std::uint64_t seed : {3, 5}) {
      const double value = static_cast<double>(seed) / static_cast<double>(ours.size());
      ours += study::csv_row(result(c, seed, value, 0.5)),
          theirs += study::authors_row(result(c, seed, value, 0.5));
    }
  }
  BOOST_CHECK_EQUAL(groups.size(), study::configurations().size());
  put("results.csv", ours), put("scores.csv", theirs);
}

// From PyTorch 2.15: torch.manual_seed(seed); torch.randperm(count).
BOOST_AUTO_TEST_CASE(permutations_are_those_of_torch) {
  BOOST_CHECK((study::torch_permutation(10, 7) == std::vector<std::size_t>{5, 0, 3, 4, 1, 7, 9, 6, 8, 2}));
  const auto mnist = study::torch_permutation(60000, 42);
  BOOST_CHECK_EQUAL(mnist.front(), 37542u);
  BOOST_CHECK_EQUAL(mnist[51000], 24161u);  // the first that validates
  BOOST_CHECK_EQUAL(mnist.back(), 22100u);
  std::uint64_t sum = 0;  // of all, in their order
  for (const std::size_t i : mnist) sum = (sum * 31 + i) % 2147483647u;
  BOOST_CHECK_EQUAL(sum, 1957460580u);
  BOOST_CHECK(study::torch_permutation(0, 1).empty());
}

BOOST_AUTO_TEST_CASE(a_data_set_that_was_written_is_read_as_it_was) {
  const Folder folder;
  study::Options o;
  o.train_images = 3, o.validation_images = 2, o.test_images = 2;
  for (const std::string name : {"polygons", "tetrominoes"}) {
    const study::Data drawn = study::load(name, o);
    study::write(drawn.split, folder / name, name);
    study::Options from = o;
    from.data_dir = folder / name;
    const study::Data read = study::load(name, from);
    BOOST_CHECK_EQUAL(read.fingerprint, drawn.fingerprint);
    std::vector<float> a(read.split.test.extent().values()), b(a.size());
    drawn.split.test.picture(1, std::span(a)), read.split.test.picture(1, std::span(b));
    BOOST_CHECK(a == b);
  }
}

BOOST_AUTO_TEST_CASE(a_program_says_its_name_once) {
  const nwm::Error own("nwm_study", "--lr", "a positive number", "0"), other("x.npy", "data", "9 bytes", "8");
  BOOST_CHECK_EQUAL(command_line::message("nwm_study", own), own.what());
  BOOST_CHECK_EQUAL(command_line::message("nwm_study", other), std::string("nwm_study: ") + other.what());
}

// A network whose waves are known: channel 0 of a pixel swings at bin 2 times its brightness.
BOOST_AUTO_TEST_CASE(figures_of_a_known_network) {
  const Folder folder;
  study::Options o;
  o.train_images = o.validation_images = 1, o.test_images = 6;
  const nwm::data::Dataset set = study::load("polygons", o).split.test;
  constexpr std::size_t steps = 16, sites = 32 * 32;
  study::Network network;
  network.scores = [](const nwm::data::Dataset& s) {
    nwm::Array<float> out({s.size(), 5, 32, 32});
    std::vector<float> picture(3 * sites);
    for (std::size_t i = 0; i < s.size(); ++i) {
      s.picture(i, std::span(picture));
      for (std::size_t p = 0; p < sites; ++p) out[i][sites + p] = picture[p] - 0.3f;
    }
    return out;
  };
  const auto drawn = [&](const std::string& name) { return tools::content(folder / name); };
  study::write_network(folder / "plain", network, set, {});
  BOOST_CHECK_EQUAL(tools::tree(folder / "plain").size(), 2u);

  network.series = [](const nwm::data::Dataset& s) {
    nwm::Array<float> out({s.size(), steps, 1, 32, 32});
    std::vector<float> picture(3 * sites);
    for (std::size_t i = 0; i < s.size(); ++i) {
      s.picture(i, std::span(picture));
      for (std::size_t k = 0; k < steps * sites; ++k)
        out[i][k] =
            picture[k % sites] *
            static_cast<float>(std::sin(2 * std::numbers::pi * 2 * static_cast<double>(k / sites) / steps));
    }
    return out;
  };
  study::write_network(folder / "waves", network, set, std::vector<float>(steps * (steps / 2 + 1), 0.1f));
  for (const char* name : {"strip.png", "receptive-field.png", "states.png", "features.png", "spectra.png"})
    BOOST_CHECK_MESSAGE(drawn("waves/" + std::string(name)).starts_with("\x89PNG"), name);
  BOOST_CHECK(drawn("waves/waves.gif").starts_with("GIF89a"));
  // Every class has its largest number in the row of bin 2.
  std::istringstream csv(drawn("waves/spectra.csv"));
  std::string line;
  std::getline(csv, line);
  std::vector<double> largest(5);
  std::vector<int> at(5, -1);
  for (int row = 0; std::getline(csv, line); ++row) {
    std::istringstream fields(line);
    std::string field;
    for (int i = -2; std::getline(fields, field, ','); ++i)
      if (const double v = std::atof(field.c_str()); i >= 0 && v > largest[static_cast<std::size_t>(i)])
        largest[static_cast<std::size_t>(i)] = v, at[static_cast<std::size_t>(i)] = row;
  }
  BOOST_CHECK_GE(std::ranges::count(at, 2), 2);  // of the classes that these few images show
  BOOST_CHECK_EQUAL(std::ranges::count(at, 2) + std::ranges::count(at, -1), 5);
  const std::string svg = drawn("waves/spectra.svg");
  BOOST_CHECK(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n") && has(svg, ">background</text>"));
  BOOST_CHECK(!has(svg, "var(--c"));

  const Configuration linear{.data = "mnist", .model = "nwm", .readout = "linear"};
  {
    study::Curve curve(folder / "own.csv", 0);
    nwm::Progress epoch;
    for (const double loss : {2.0, 1.0}) epoch.validation.loss = loss, curve.add(epoch);
  }
  const study::Losses losses{{linear, 3},
                             study::Curve(folder / "own.csv", study::Curve::all).validation_losses()};
  BOOST_CHECK((losses.validation == std::vector<double>{2, 1}));
  study::write_curves(folder.path, {losses, {{linear, 5}, {4, 2, 0.5}}});
  BOOST_CHECK(has(drawn("curves-mnist-nwm-linear.svg"), ">seed 5</text>"));
  study::write_bars(folder.path, {result(linear, 0, 0.9, 0.8), result(linear, 1, 0.7, 0.6)});
  BOOST_CHECK(has(drawn("bars-mnist.svg"), ">NWM linear</text>"));
  BOOST_CHECK(drawn("bars-mnist.png").starts_with("\x89PNG") &&
              drawn("curves-mnist-nwm-linear.png").size() > 1000);
}

BOOST_AUTO_TEST_CASE(what_is_done_is_found_in_the_study_s_order) {
  const Folder folder;
  const Configuration last{.data = "tetrominoes", .model = "nwm", .readout = "last"};
  const Configuration cnn{.data = "polygons", .model = "cnn", .layers = 8};
  for (const Run& run : {Run{last, 10}, Run{last, 2}, Run{cnn, 0}}) {
    tools::fs::create_directory(folder / run.name());
    study::write_result(folder / run.name() / "result.csv", {.run = run, .metrics = {}});
  }
  tools::fs::create_directory(folder / Run{cnn, 1}.name());  // not done
  tools::fs::create_directory(folder / "something-else");
  put(folder / "something-else" / "result.csv", "x");
  const auto found = study::finished(folder.path);
  BOOST_REQUIRE_EQUAL(found.size(), 3u);
  BOOST_CHECK((found[0].run == Run{cnn, 0}) && (found[1].run == Run{last, 2}) &&
              (found[2].run == Run{last, 10}));
  BOOST_CHECK(study::finished(folder / "nowhere").empty());
}

BOOST_AUTO_TEST_CASE(statistics_of_a_few_values) {
  const study::Statistics s = study::statistics({4, 1, 3, 2});
  BOOST_CHECK_EQUAL(s.count, 4u);
  BOOST_CHECK_CLOSE(s.mean, 2.5, 1e-12);
  BOOST_CHECK_CLOSE(s.sd, std::sqrt(5.0 / 3), 1e-12);
  BOOST_CHECK_CLOSE(s.median, 2.5, 1e-12);
  BOOST_CHECK_EQUAL(s.smallest, 1);
  BOOST_CHECK_EQUAL(s.largest, 4);
  BOOST_CHECK_EQUAL(study::statistics({3, 1, 7}).median, 3);
  BOOST_CHECK(std::isnan(study::statistics({3}).sd));
  BOOST_CHECK_EQUAL(study::statistics({3}).mean, 3);
  BOOST_CHECK(std::isnan(study::statistics({3, nan_value}).mean));
  BOOST_CHECK(std::isnan(study::statistics({}).median));
}

namespace {

/// Three images of 2×2 pixels with their masks; classes 0 to 3.
nwm::data::Dataset three_images() {
  return {nwm::data::Extent{3, 1, 2, 2}, nwm::data::Dataset::Floats(12),
          nwm::data::Targets::Bytes{0, 0, 0, 1, 0, 3, 2, 1, 0, 0, 2, 2}};
}
/// Scores that say class 1 by so much at every pixel of image i of three_images.
study::Scores ones(std::vector<float> by) {
  return [by](const nwm::data::Dataset& part) {
    nwm::Array<float> out({part.size(), 4, 2, 2});
    for (std::size_t i = 0; i < part.size(); ++i) std::ranges::fill(out[i].subspan(4, 4), by.at(i));
    return out;
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(figures_are_those_that_were_asked_for) {
  const nwm::data::Dataset set = three_images();
  const nwm::SegmentationMetrics own{1, 2, 3, 4, 5, 6};
  study::Options o;
  const auto asked = [&] { return study::as_asked(o, own, set, ones({1, 2, 3})); };
  BOOST_CHECK_EQUAL(study::as_asked(o, own, set, {}).loss_foreground, 4);  // nothing is asked for
  // −log p of the class said, by 1, 2, 3, and of the others.
  const auto said = [](double by) { return std::log(std::exp(by) + 3) - by; };
  const auto other = [](double by) { return std::log(std::exp(by) + 3); };
  const double pooled = (said(1) + said(2) + 2 * other(2) + 2 * other(3)) / 6;
  for (const char* group : {"batch", "set"}) {
    o.foreground_loss = group;
    BOOST_CHECK_CLOSE(asked().loss_foreground, pooled, 1e-5);
    BOOST_CHECK_EQUAL(asked().iou, own.iou);
  }
  o.foreground_loss = "image", o.iou = "class-bits";
  // 1 is said of 0, 0, 0, 1; 0, 3, 2, 1; 0, 0, 2, 2: AND 1, 2, 0; OR 4, 1 + 3 + 3 + 1, 1 + 1 + 3 + 3.
  BOOST_CHECK_CLOSE(asked().iou, (1.0 / 4 + 2.0 / 8 + 0.0 / 8) / 3, 1e-12);
  BOOST_CHECK_EQUAL(asked().loss_foreground, own.loss_foreground);
  BOOST_CHECK_EQUAL(asked().iou_foreground, own.iou_foreground);
}

// 64 images with one foreground pixel each, and one with four.
BOOST_AUTO_TEST_CASE(a_batch_of_the_authors_has_64_images) {
  nwm::data::Targets::Bytes masks(65 * 4);
  for (std::size_t i = 0; i < 64; ++i) masks[4 * i] = 1;
  std::fill(masks.end() - 4, masks.end(), std::uint8_t{1});
  const nwm::data::Dataset set(nwm::data::Extent{65, 1, 2, 2}, nwm::data::Dataset::Floats(260), masks);
  std::size_t seen = 0;
  const study::Scores scores = [&](const nwm::data::Dataset& part) {
    nwm::Array<float> out({part.size(), 2, 2, 2});
    for (std::size_t i = 0; i < part.size(); ++i)  // 0 for class 1, and in the last image log 3 for class 0
      if (seen++ == 64) std::ranges::fill(out[i].first(4), std::log(3.0f));
    return out;
  };
  const double one = std::log(2.0), last = std::log(4.0);
  study::Options o;
  o.foreground_loss = "batch";
  BOOST_CHECK_CLOSE(study::as_asked(o, {}, set, scores).loss_foreground, (64 * one + last) / 65, 1e-5);
  o.foreground_loss = "set", seen = 0;
  BOOST_CHECK_CLOSE(study::as_asked(o, {}, set, scores).loss_foreground, (64 * one + 4 * last) / 68, 1e-5);
}

BOOST_AUTO_TEST_CASE(nothing_but_background_scores_what_the_masks_say) {
  const Folder folder;
  study::Options o;
  const nwm::SegmentationMetrics m = study::background_metrics(o, three_images());
  BOOST_CHECK_CLOSE(m.acc, (0.75 + 0.25 + 0.5) / 3, 1e-12);
  BOOST_CHECK_CLOSE(m.iou, (0.75 / 1.25 + 0.25 / 1.75 + 0.5 / 1.5) / 3, 1e-12);
  BOOST_CHECK_EQUAL(m.acc_foreground, 0);
  BOOST_CHECK_EQUAL(m.iou_foreground, 0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  BOOST_CHECK_EQUAL(m.loss, infinity);
  BOOST_CHECK_EQUAL(m.loss_foreground, infinity);
  o.foreground_loss = "set", o.iou = "class-bits";
  const nwm::SegmentationMetrics theirs = study::background_metrics(o, three_images());
  BOOST_CHECK_EQUAL(theirs.acc, m.acc);
  BOOST_CHECK_EQUAL(theirs.iou, 0);
  BOOST_CHECK_EQUAL(theirs.loss_foreground, infinity);

  const auto file = folder / "background.csv";
  study::write_background(file, m);
  const nwm::SegmentationMetrics read = study::read_background(file);
  BOOST_CHECK_EQUAL(read.acc, m.acc);
  BOOST_CHECK_EQUAL(read.iou, m.iou);
  BOOST_CHECK_EQUAL(read.loss, infinity);
  BOOST_CHECK_EQUAL(read.iou_foreground, 0);
  const std::string whole = tools::content(file);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put(file, whole.substr(0, length));
    BOOST_CHECK_EQUAL(error_of([&] { study::read_background(file); }).where(), file.string());
  }
  put(file, whole + "0");
  BOOST_CHECK_EQUAL(error_of([&] { study::read_background(file); }).field(), "row");
}

BOOST_AUTO_TEST_CASE(a_background_is_found_beside_any_run_of_its_data) {
  const Folder folder;
  const Configuration cnn{.data = "polygons", .model = "cnn", .layers = 8};
  const Configuration nwm{.data = "tetrominoes", .model = "nwm", .readout = "last"};
  std::vector<Result> results;
  for (const Run& run : {Run{cnn, 0}, Run{cnn, 1}, Run{nwm, 0}}) {
    tools::fs::create_directory(folder / run.name());
    results.push_back({.run = run, .metrics = {}});
  }
  BOOST_CHECK(study::backgrounds(folder.path, results).empty());  // of an older version
  study::write_background(folder / Run{cnn, 1}.name() / "background.csv", {.acc = 0.75});
  const study::Backgrounds found = study::backgrounds(folder.path, results);
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_CHECK_EQUAL(found.at("polygons").acc, 0.75);
}

BOOST_AUTO_TEST_CASE(nothing_but_background_is_a_collapse) {
  BOOST_CHECK(study::collapsed({.acc = 0.95, .acc_foreground = 0}));
  BOOST_CHECK(study::collapsed({.acc = 0.95, .acc_foreground = 0.0009}));
  BOOST_CHECK(!study::collapsed({.acc = 0.95, .acc_foreground = 0.01}));
}

BOOST_AUTO_TEST_CASE(a_table_has_every_run_beside_the_published_figures) {
  const Configuration linear{.data = "tetrominoes", .model = "nwm", .readout = "linear"};
  const Configuration gru{.data = "tetrominoes", .model = "gru", .readout = "last"};
  const Configuration unet{.data = "multi-mnist", .model = "unet", .width = 2};
  const std::string whole = study::table(
      {result(linear, 0, 0.9, 0.8), result(linear, 1, 0.7, 0.6),
       result(linear, 2, 0, 0, "diverged at epoch 1 step 2 (loss: nan)"), result(gru, 0, 0, 0, "collapsed"),
       result(unet, 0, 0.25, 0.125)},
      [](const Configuration& c) { return c.model == "nwm" ? std::size_t{176124} : std::size_t{7}; },
      "epochs 5.",
      {{"tetrominoes",
        {std::numeric_limits<double>::infinity(), 0.8556, 0.7538, std::numeric_limits<double>::infinity(), 0,
         0}}});
  std::string text;  // without the spaces that align it
  for (const char c : whole)
    if (c != ' ' || !text.ends_with(' ')) text += c;
  const auto line = [&](const std::string& part) {
    BOOST_CHECK_MESSAGE(has(text, part), part + "\n" + text);
  };
  line("epochs 5.");
  line("## tetrominoes\n\n| model | parameters | seeds | accuracy | IoU | IoU: median (min – max) |");
  line(
      "| NWM linear | 176124 | 3 (1 diverged) | 0.533 ± 0.473 | 0.467 ± 0.416 | 0.600 (0.000 – 0.800) | "
      "0.987 ± 0.004 | 0.977 ± 0.007 | 0.980 (0.960 – 0.990) |\n");
  line("| ConvGRU last | 7 | 1 (1 collapsed) | 0.000 | 0.000 | 0.000 (0.000 – 0.000) | | | |\n");
  line(
      "All figures:\n\n| model | accuracy, all pixels | foreground | IoU, all pixels | foreground | loss, "
      "all "
      "pixels | foreground |\n");
  line(
      "| NWM linear | 0.900 ± 0.000 | 0.533 ± 0.473 | 0.800 ± 0.000 | 0.467 ± 0.416 | 0.500 ± 0.000 | 0.700 "
      "± "
      "0.000 |\n");
  line("| background everywhere | 0.856 | 0.000 | 0.754 | 0.000 | ∞ | ∞ |\n");
  line("Its losses are ∞");
  BOOST_CHECK_EQUAL(tools::count(text, "| background everywhere"),
                    1u);  // none is known of the other data set
  line("## multi-mnist");
  line("| U-Net 2 | 7 | 1 | 0.250 | 0.125 | 0.125 (0.125 – 0.125) | 0.660 ± 0.270 | 0.600 ± 0.280 | |\n");
  line("- tetrominoes-nwm-linear-seed2: diverged at epoch 1 step 2 (loss: nan)\n");
  line("- tetrominoes-gru-last-seed0: collapsed\n");
  // Every line of a table is as long as its neighbours: UTF-8 counted in characters.
  std::size_t table = whole.find("| model");
  for (const std::size_t rows : {4u, 5u}) {
    std::vector<std::size_t> lengths;
    for (std::size_t start = table; whole[start] == '|'; start = whole.find('\n', start) + 1) {
      std::size_t length = 0;
      for (std::size_t i = start; whole[i] != '\n'; ++i) length += (whole[i] & 0xC0) != 0x80;
      lengths.push_back(length);
    }
    BOOST_CHECK_EQUAL(lengths.size(), rows);
    BOOST_CHECK_EQUAL(std::set<std::size_t>(lengths.begin(), lengths.end()).size(), 1u);
    table = whole.find("| model", table + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_report_has_a_dot_for_every_run) {
  const Folder folder;
  const Configuration linear{.data = "mnist", .model = "nwm", .readout = "linear"};
  const Configuration gru{.data = "tetrominoes", .model = "gru", .readout = "last"};
  study::write_report(folder / "report.html", {}, "");
  BOOST_CHECK(!tools::fs::exists(folder / "report.html"));
  const std::vector<Result> results{result(linear, 0, 0.9, 0.8), result(linear, 1, 0.7, 0.6),
                                    result(gru, 0, 0, 0, "collapsed")};
  study::write_report(folder / "report.html", results, "epochs 5.", {{"mnist", {.acc = 0.8674}}});
  const std::string page = tools::content(folder / "report.html");
  std::size_t dots = 0;
  for (std::size_t at = page.find("<circle"); at != std::string::npos; at = page.find("<circle", at + 1))
    ++dots;
  BOOST_CHECK_EQUAL(dots, 2 * results.size());  // IoU and accuracy
  for (const char* part : {"epochs 5.", ">mnist<", ">tetrominoes<", "NWM linear", "ConvGRU last",
                           "1 collapsed", "0.852", ">background everywhere<", ">0.867<"})
    BOOST_CHECK_MESSAGE(has(page, part), part);
  BOOST_CHECK_EQUAL(tools::count(page, ">background everywhere<"), 1u);
}

BOOST_AUTO_TEST_CASE(settings_hold_a_folder_together) {
  const Folder folder;
  {
    study::Settings settings(folder / "settings.txt");
    settings.require("epochs", "3");
    settings.require("epochs", "3");
    settings.require("data x", "5 = 5");
    settings.write();
  }
  BOOST_CHECK_EQUAL(tools::content(folder / "settings.txt"), "data x = 5 = 5\nepochs = 3\n");
  study::Settings settings(folder / "settings.txt");
  settings.require("data x", "5 = 5");
  // A setting that there was not when the folder was made had its default then, whatever is asked for now.
  settings.require("dt", "0.1", "0.1");
  BOOST_CHECK_EQUAL(error_of([&] { settings.require("iou", "class-bits", "one-hot"); }).found(),
                    "one-hot, with which the runs there were made");
  study::Settings(folder / "new.txt").require("iou", "class-bits", "one-hot");
  const nwm::Error error = error_of([&] { settings.require("epochs", "4"); });
  BOOST_CHECK_EQUAL(error.where(), (folder / "settings.txt").string());
  BOOST_CHECK_EQUAL(error.field(), "epochs");
  // Unreadable is not absent: a folder, a link that leads nowhere, a file that one may not read.
  tools::fs::create_directory(folder / "a folder");
  BOOST_CHECK_EQUAL(error_of([&] { study::Settings(folder / "a folder"); }).field(), "file");
  tools::fs::create_symlink("nowhere", folder / "link");
  BOOST_CHECK_EQUAL(error_of([&] { study::Settings(folder / "link"); }).field(), "file");
  put(folder / "closed.txt", "epochs = 3\n");
  tools::fs::permissions(folder / "closed.txt", tools::fs::perms::none);
  if (::access((folder / "closed.txt").c_str(), R_OK) != 0)  // root may
    BOOST_CHECK_EQUAL(error_of([&] { study::Settings(folder / "closed.txt"); }).found(),
                      std::generic_category().message(EACCES));
  put(folder / "settings.txt", "epochs 3\n");
  BOOST_CHECK_EQUAL(error_of([&] { study::Settings(folder / "settings.txt"); }).found(), "'epochs 3'");
  {
    const study::Lock lock(folder.path);
    BOOST_CHECK_EQUAL(error_of([&] { study::Lock again(folder.path); }).found(), "another is");
  }
  const study::Lock free_again(folder.path);
}

BOOST_AUTO_TEST_CASE(only_one_s_own_leftovers_are_removed) {
  const Folder folder;
  for (const char* name : {"table.md", "table.md.0.tmp", "table.md.17.tmp", "other.0.tmp", "table.md.tmp2",
                           "table.md.monday.tmp", "table.md.1a.tmp", "table.md..tmp"})
    put(folder / name, "x");
  study::remove_leftovers(folder / "table.md");
  BOOST_CHECK_EQUAL(tools::tree(folder.path).size(), 6u);
  BOOST_CHECK(tools::fs::exists(folder / "other.0.tmp") && tools::fs::exists(folder / "table.md.tmp2"));
}

BOOST_AUTO_TEST_CASE(a_curve_that_is_ahead_of_the_state_is_cut) {
  const Folder folder;
  const auto add = [](study::Curve& curve, double loss) {
    nwm::Progress p;
    p.loss = loss;
    p.validation = {loss / 3, nan_value, 0.5, 1, 0, 1e-300};
    curve.add(p);
  };
  study::Curve whole(folder / "whole.csv", 0), cut(folder / "cut.csv", 0);
  for (const double loss : {3.0, 2.0, 1.0}) add(whole, loss);
  for (const double loss : {3.0, 2.0}) add(cut, loss);
  study::Curve again(folder / "cut.csv", 1);  // as if the state were that of the first epoch's end
  for (const double loss : {2.0, 1.0}) add(again, loss);
  BOOST_CHECK_EQUAL(tools::content(folder / "cut.csv"), tools::content(folder / "whole.csv"));
  BOOST_CHECK_EQUAL(error_of([&] { study::Curve(folder / "cut.csv", 4); }).field(), "rows");
  BOOST_CHECK_EQUAL(error_of([&] { study::Curve(folder / "none.csv", 1); }).field(), "header");
  const std::string good = tools::content(folder / "cut.csv");
  put(folder / "cut.csv", good.substr(0, good.find('\n') + 4));
  BOOST_CHECK_EQUAL(error_of([&] { study::Curve(folder / "cut.csv", 1); }).field(), "row 1");
  whole.draw(folder / "whole.png", "title");
  BOOST_CHECK_GT(tools::content(folder / "whole.png").size(), 1000u);
}

BOOST_AUTO_TEST_CASE(a_verdict_is_one_field) {
  BOOST_CHECK_EQUAL(study::verdict(nwm::Unstable("epoch 3, step 5", "loss", "a finite number", "nan")),
                    "diverged at epoch 3 step 5 (loss: nan)");
}

BOOST_AUTO_TEST_CASE(generated_data_have_the_sizes_asked_for) {
  study::Options o;
  o.train_images = 5, o.validation_images = 2, o.test_images = 3;
  const study::Data data = study::load("polygons", o);
  BOOST_CHECK_EQUAL(data.split.train.size(), 5u);
  BOOST_CHECK_EQUAL(data.split.validation.size(), 2u);
  BOOST_CHECK_EQUAL(data.split.test.size(), 3u);
  BOOST_CHECK((data.split.train.extent() == nwm::data::Extent{5, 3, 32, 32}));
  BOOST_CHECK((study::load("tetrominoes", o).split.test.extent() == nwm::data::Extent{3, 3, 64, 64}));
  BOOST_CHECK_EQUAL(study::load("polygons", o).fingerprint, data.fingerprint);
  o.train_images = 6;
  BOOST_CHECK(study::load("polygons", o).fingerprint != data.fingerprint);
}

BOOST_AUTO_TEST_CASE(missing_data_are_named_with_the_way_to_get_them) {
  const Folder folder;
  study::Options o;
  const auto message = [&](const std::string& data) {
    return std::string(error_of([&] { study::load(data, o); }).what());
  };
  const auto check = [&](const std::string& text, std::initializer_list<std::string> parts) {
    for (const std::string& part : parts) BOOST_CHECK_MESSAGE(has(text, part), text);
  };
  check(message("mnist"),
        {"--data-dir", "train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "fetch_mnist.sh"});
  check(message("multi-mnist"), {"--data-dir", "multi_mnist_{train,val,test}_{images,masks}.npy.gz",
                                 "train-images-idx3-ubyte.gz", "fetch_mnist.sh"});
  o.data_dir = folder / "nowhere";
  check(message("mnist"), {o.data_dir.string(), "no such folder", "fetch_mnist.sh"});
  for (const char* data : {"tetrominoes", "multi-mnist"})
    check(message(data), {"--data-dir", o.data_dir.string()});
  o.data_dir = folder.path;
  check(message("mnist"), {folder.path.string(), "train-images-idx3-ubyte.gz", "neither", "fetch_mnist.sh"});
  check(message("multi-mnist"), {folder.path.string(), "train-images-idx3-ubyte.gz", "fetch_mnist.sh"});
  // One of six.
  const std::vector<std::uint8_t> bytes(2 * 64 * 64 * 3);
  nwm::io::write_npy(folder / "tetrominoes_train_images.npy", {2, 64, 64, 3}, bytes);
  check(message("tetrominoes"),
        {folder.path.string(), "tetrominoes_train_masks.npy.gz",
         "all of tetrominoes_{train,val,test}_{images,masks}.npy.gz", "none of that name"});
  for (const char* part : {"train", "val", "test"}) {
    const std::string start = std::string("tetrominoes_") + part;
    nwm::io::write_npy(folder / (start + "_images.npy"), {2, 64, 64, 3}, bytes);
    nwm::io::write_npy(folder / (start + "_masks.npy"), {2, 64, 64}, std::span(bytes).first(2 * 64 * 64));
  }
  BOOST_CHECK_EQUAL(study::load("tetrominoes", o).split.validation.size(), 2u);
  o.train_images = 1;
  BOOST_CHECK_EQUAL(study::load("tetrominoes", o).split.train.size(), 1u);
  o.train_images = 3;
  check(message("tetrominoes"), {"tetrominoes_train_images.npy", "--train-images", "at most 2", "found 3"});
  put(folder / "tetrominoes_val_masks.npy",
      tools::content(folder / "tetrominoes_val_masks.npy").substr(0, 1000));
  check(message("tetrominoes"), {"tetrominoes_val_masks.npy", "data", "8192 bytes", "found 872 bytes"});
}

// The mirrors are folders here: nothing is fetched from the network.
BOOST_AUTO_TEST_CASE(the_script_refuses_what_is_not_mnist) {
  const Folder folder;
  tools::fs::create_directory(folder / "mirror");
  put(folder / "mirror" / "train-images-idx3-ubyte.gz", "something else");
  const auto fetch = [&](const std::string& mirror) {
    tools::fs::remove(folder / "output.txt");
    const int status = tools::wait_for(tools::start(
        {"/bin/sh", NWM_FETCH_MNIST, (folder / "data").string(), "file://" + (folder / mirror).string()},
        folder / "output.txt"));
    return std::pair(status, tools::content(folder / "output.txt"));
  };
  for (const std::string mirror : {"mirror", "nowhere"}) {
    const auto [status, output] = fetch(mirror);
    BOOST_CHECK_EQUAL(status, 1);
    BOOST_CHECK_MESSAGE(has(output, "train-images-idx3-ubyte.gz: no mirror had it"), output);
    BOOST_CHECK(tools::fs::is_empty(folder / "data"));
  }
}
