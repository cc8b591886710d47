// The drum laboratory's page: areas over all sizes, Weyl's law, the pair that sounds alike.
#define BOOST_TEST_MODULE drum_laboratory
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "nwm/report/drum_laboratory.hpp"
#include "tools.hpp"

namespace report = nwm::report;
using Drum = nwm::Drum<nwm::Grid<64, 64>>;
using report_test::Folder;

BOOST_AUTO_TEST_CASE(the_laboratory) {
  const Folder folder;
  report::Page page("Laboratory", "all of it");
  report::add_sizes<Drum>(page, {});
  const auto bars = nwm::hear_bars<Drum>(16, std::array{20.0, 28.0}, {}, 4096);
  report::add_lengths<Drum>(page, bars, {});
  report::add_weyl<Drum>(page, {});
  report::add_pair<Drum>(page, {});
  page.write(folder.path / "index.html");
  report_test::check_valid(folder.path / "index.html");
  report_test::check_media(folder, page.str(), 3, 0, 6);
}
