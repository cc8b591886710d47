// The report on a trained machine: its contents, and that the machine's spectra separate its classes.
#define BOOST_TEST_MODULE trained_network_report
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <string>

#include "nwm/data/polygons.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/readout/last.hpp"
#include "nwm/report/machine.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace report = nwm::report;
using report_test::Folder;

namespace {

constexpr nwm::Shape small{.height = 24,
                           .width = 24,
                           .image_channels = 3,
                           .oscillators = 4,
                           .steps = 24,
                           .classes = 5,
                           .encoder_width = 4};
using Machine = nwm::WaveMachine<small, nwm::readout::Linear, nwm::head::Narrow>;

const report::NetworkOptions options{
    .names = {"background", "triangle", "square"}, .shown = {0, 1}, .learn = 40, .judge = 30, .seconds = 0.3};

}  // namespace

BOOST_AUTO_TEST_CASE(the_spectra_of_a_trained_machine_separate_its_classes_and_the_report_says_so) {
  const auto data = nwm::data::polygons<Machine>({.images = 800, .seed = 2});
  nwm::Trainer<Machine> trainer({.learning_rate = 4e-3f, .batch = 16, .epochs = 25, .clip_norm = 1},
                                Machine({.cell = {.dt = 0.3}}));
  trainer.fit(data.train, data.validation);
  report::Page page("Polygons", "trained");
  report::add_scenes(page, trainer.best(), data.test, options);
  report::add_maps(page, trainer.best(), data.test, options);
  report::add_coupling(page, trainer.best());
  report::add_fourier(page, trainer.best(), data.test, options);
  const auto verdict = report::add_class_spectra(page, trainer.best(), data.train, data.test, options);
  report::add_readout(page, trainer.best());
  report::add_sounds(page, trainer.best(), data.test, options);
  BOOST_TEST(verdict.judged == 30u);
  BOOST_TEST(verdict.pixels.total(0) + verdict.pixels.total(1) + verdict.pixels.total(2) +
                 verdict.pixels.total(3) + verdict.pixels.total(4) ==
             30u * 24 * 24);
  BOOST_TEST_MESSAGE("balanced accuracy by pixel " << verdict.pixels.balanced() << ", by shape "
                                                   << verdict.regions.balanced());
  // Guessing gives 0.2; this machine gives 0.37 and 0.41 before training, and 0.76 by pixel and 0.91 by shape
  // after it. That is this run at -O2: with other orders of images, and of sums at -O1, ten runs ended
  // between 0.59 and 0.76, and between 0.65 and 0.91.
  BOOST_TEST(verdict.pixels.balanced() > 0.65);
  BOOST_TEST(verdict.regions.balanced() > 0.8);
  const Machine untrained({.cell = {.dt = 0.3}});
  const auto before = report::judge_by_spectrum(untrained, data.train, data.test, options);
  BOOST_TEST_MESSAGE("before training " << before.pixels.balanced() << ", " << before.regions.balanced());
  BOOST_TEST(verdict.pixels.balanced() > before.pixels.balanced() + 0.15);
  BOOST_TEST(verdict.regions.balanced() > before.regions.balanced() + 0.15);

  const Folder folder;
  page.write(folder.path / "index.html");
  report_test::check_valid(folder.path / "index.html");
  const std::string html = page.str();
  report_test::check_media(folder, html, 7, 1, 5);
  const auto stated = report::number(100 * verdict.pixels.accuracy(), 4) + " %";
  BOOST_TEST(html.find("<td>all pixels</td><td class=\"n\">" + stated) != std::string::npos);
  BOOST_TEST(html.find("Per cent of the pixels of each true class") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_machine_without_a_learned_readout_or_maps_has_no_such_section) {
  using Plain = nwm::WaveMachine<small, nwm::readout::Last, nwm::head::Narrow>;
  report::Page page("t", "l");
  report::add_readout(page, Plain());
  BOOST_TEST(page.str().find("<h2") == std::string::npos);
}
