// The sounds of a machine's classes lie where small loudspeakers play. In a file of its own: what else a file
// holds decides how a compiler rounds, and the training of trained_network_test.cpp is sensitive to that.
#define BOOST_TEST_MODULE class_sounds
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "nwm/cell/stable_wave.hpp"
#include "nwm/data/polygons.hpp"
#include "nwm/model/wave_machine.hpp"
#include "nwm/report/machine.hpp"
#include "nwm/sound/spectrum.hpp"
#include "nwm/train/trainer.hpp"
#include "tools.hpp"

namespace report = nwm::report;

namespace {

constexpr nwm::Shape small{.height = 24,
                           .width = 24,
                           .image_channels = 3,
                           .oscillators = 4,
                           .steps = 24,
                           .classes = 5,
                           .encoder_width = 4};

const report::NetworkOptions options{
    .names = {"background", "triangle", "square"}, .shown = {0, 1}, .learn = 40, .judge = 30, .seconds = 0.3};

}  // namespace

BOOST_AUTO_TEST_CASE(classes_sound_where_small_loudspeakers_play_however_slowly_they_swing) {
  // The study's cell drifts: at one pitch for all machines its sounds would be a rumble. The other swings.
  using Slow = nwm::WaveMachine<
      nwm::Shape{.height = 16, .width = 16, .oscillators = 2, .steps = 100, .classes = 5, .encoder_width = 4},
      nwm::readout::Linear, nwm::head::Narrow>;
  using Swinging = nwm::WaveMachine<small, nwm::readout::Linear, nwm::head::Narrow, nwm::cell::StableWave>;
  const auto check = [](const auto& machine, const nwm::data::Dataset& set) {
    const auto sounds = report::class_sounds(machine, set, options);
    BOOST_TEST(sounds.clips.size() == 5u);
    for (const auto& clip : sounds.clips) {
      const std::vector<double> samples(clip.samples.begin(), clip.samples.end());
      const auto heard = nwm::sound::spectrum(samples, 1.0 / clip.rate);
      double all = 0, audible = 0;
      for (std::size_t k = 0; k < heard.amplitude.size(); ++k) {
        const double f = heard.frequency(k), energy = heard.amplitude[k] * heard.amplitude[k];
        all += energy, audible += f >= 200 && f <= 2000 ? energy : 0;
      }
      BOOST_TEST(audible > 0.85 * all, clip.title << ": " << audible / all);
    }
    report::Page page("t", "l");
    report::add_sounds(page, machine, set, options);
    const std::string text = page.str(), stated = "a second of sound is ";
    BOOST_TEST(text.find(stated + report::number(sounds.steps_per_second) + " steps") != std::string::npos);
    BOOST_TEST(text.find("one hears them from " + report::number(sounds.low * sounds.pitch.per_second, 3) +
                         " to " + report::number(sounds.high * sounds.pitch.per_second, 3) + " Hz") !=
               std::string::npos);
    return sounds.steps_per_second;
  };
  const double slow = check(Slow({.seed = 3}), nwm::data::polygons<Slow>({.images = 400, .seed = 4}).test),
               swinging = check(Swinging({.seed = 3}),
                                nwm::data::polygons<Swinging>({.images = 400, .seed = 4}).test);
  BOOST_TEST(slow > 2 * swinging);

  // A pitch that is asked for is kept.
  report::NetworkOptions asked = options;
  asked.steps_per_second = 1000;
  const auto set = nwm::data::polygons<Slow>({.images = 40, .seed = 4}).test;
  BOOST_TEST(report::class_sounds(Slow({.seed = 3}), set, asked).steps_per_second == 1000);
}
