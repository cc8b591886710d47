// The page of nwm_drum: valid, with media that play, and with true statements.
#define BOOST_TEST_MODULE drum_report
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "nwm/report/drum.hpp"
#include "tools.hpp"

namespace report = nwm::report;
namespace mask = nwm::mask;
using Drum = nwm::Drum<nwm::Grid<64, 64>>;
using nwm::drum::Boundary;
using report_test::Folder;

namespace {

std::string page_of(const Folder& folder, const mask::Outline& outline, const Drum::Options& options,
                    nwm::Site at, nwm::Site ear) {
  report::Page page("A drum", "struck");
  const report::DrumReport<Drum> one(nwm::Mask(outline, 64, 64), options,
                                     {.at = at, .steps = 2048, .ear = ear});
  one.add_all(page);
  const auto path = folder.path / "index.html";
  page.write(path);
  report_test::check_valid(path);
  return page.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_square_says_its_area) {
  const Folder folder;
  const std::string html = page_of(folder, mask::square(24), {}, {27, 26}, {33, 36});
  report_test::check_media(folder, html, 4, 1, 1);
  BOOST_TEST(html.find("<td>true area of this drum</td><td class=\"n\">576</td>") != std::string::npos);
  BOOST_TEST(html.find("529 of 529") != std::string::npos);
  BOOST_TEST(html.find("the area of the square that sounds so") == std::string::npos);
  // Small loudspeakers play it, and the page says by how much it is transposed.
  const Drum drum(mask::square(24));
  const double per_second = 220 / nwm::modes(drum.mask(), drum.physics(), {.count = 2}).frequency(0);
  BOOST_TEST(html.find("A second of sound is " + report::number(per_second) + " units of simulated time") !=
             std::string::npos);
  BOOST_TEST(html.find("sounds at 220 Hz") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_drums_do_not_claim_to_be_squares) {
  const Folder folder;
  const std::string rectangle = page_of(folder, mask::rectangle(24, 40), {}, {27, 26}, {33, 36}),
                    disc = page_of(folder, mask::disc(20), {}, {27, 29}, {33, 36});
  BOOST_TEST(rectangle.find("Side, from the two lowest tones") != std::string::npos);
  BOOST_TEST(rectangle.find("the area of the square that sounds so") != std::string::npos);
  BOOST_TEST(disc.find("its radius is heard as") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_no_area_can_be_heard_none_is_stated) {
  const Folder folder;
  const std::string damped = page_of(folder, mask::square(24), {.dt = 0.2, .damping = 4}, {27, 26}, {33, 36});
  BOOST_TEST(damped.find("No area is stated") != std::string::npos);
  BOOST_TEST(damped.find("no tone heard") != std::string::npos);
  const std::string free =
                        page_of(folder, mask::square(24), {.edge = Boundary::reflecting}, {27, 26}, {33, 36}),
                    open = page_of(folder, mask::whole(), {.edge = Boundary::absorbing}, {30, 30}, {33, 36});
  BOOST_TEST(free.find("Hearing the area") == std::string::npos);
  BOOST_TEST(open.find("The modes behind") == std::string::npos);
}
