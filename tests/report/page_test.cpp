// Pages, tables and charts: valid, self-contained, and safe against malicious text.
#define BOOST_TEST_MODULE page
#define BOOST_TEST_DYN_LINK
#include "nwm/report/page.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "nwm/report/chart.hpp"
#include "nwm/report/comparison.hpp"
#include "nwm/report/training.hpp"
#include "tools.hpp"

namespace report = nwm::report;
using report_test::Folder;

namespace {
auto about(std::string field) {
  return [field](const nwm::Error& e) { return e.field() == field; };
}
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}
}  // namespace

BOOST_AUTO_TEST_CASE(base64_by_the_vectors_of_rfc_4648) {
  const auto code = [](const std::string& s) { return report::base64(std::as_bytes(std::span(s))); };
  BOOST_TEST(code("") == "");
  BOOST_TEST(code("f") == "Zg==");
  BOOST_TEST(code("fo") == "Zm8=");
  BOOST_TEST(code("foo") == "Zm9v");
  BOOST_TEST(code("foob") == "Zm9vYg==");
  BOOST_TEST(code("fooba") == "Zm9vYmE=");
  BOOST_TEST(code("foobar") == "Zm9vYmFy");
  BOOST_TEST(code("\xff\xfe\xfd") == "//79");
}

BOOST_AUTO_TEST_CASE(numbers_and_deviations) {
  BOOST_TEST(report::number(1234.5678) == "1235");
  BOOST_TEST(report::number(0.000123) == "0.000123");
  BOOST_TEST(report::number(std::nan("")) == "–");
  BOOST_TEST(report::deviation(101, 100) == "+1 %");
  BOOST_TEST(report::deviation(99.5, 100) == "−0.5 %");
  BOOST_TEST(report::deviation(1 + 1e-9, 1) == "0 %");
  BOOST_TEST(report::deviation(NAN, 1) == "–");
}

BOOST_AUTO_TEST_CASE(a_page_with_everything_is_valid_and_self_contained) {
  const Folder folder;
  report::Page page("A & B <title>", "\"Quoted\" lead");
  nwm::plot::Image image(8, 4, {200, 10, 10});
  const nwm::plot::IndexedImage frame(8, 4, 1);
  const std::vector<nwm::plot::IndexedImage> frames{frame, frame};
  const std::vector<nwm::plot::Rgb> palette{{0, 0, 0}, {255, 255, 255}};
  const nwm::sound::Clip clip{{0, 0.8f, -0.8f, 0}, 44100, "a <sound>"};
  const report::Table table{{"Name", "x<y"}, {{"a&b", "1"}, {"<script>alert(1)</script>", "2"}}, "A caption"};
  page.section("First & last").text("1 < 2").facts({{"n", "1"}, {"<b>", "&"}}).table(table);
  page.row({{report::picture(image, "a \"picture\"", 80), "Title.", "Caption", table},
            {report::film(nwm::plot::encode_gif(frames, palette, 5), "film"), "", "moves"},
            report::heard(clip, "heard")});
  page.figure(
      {report::chart({{"one", {0, 1, 2}, {1, 4, 9}, 0}, {"two & more", {0, 1, 2}, {1, 2, 3}, 1, true, true}},
                     {.x_label = "t < 3", .y_label = "y", .marks = {{1, "<1>"}}}),
       "Chart.", ""});
  page.figure(
      {report::scale("0", "1", [](double part) { return nwm::plot::sequential(part, 1.0); }), "Scale", ""});
  const auto path = folder.path / "index.html";
  page.write(path);
  const std::string html = report_test::read_text(path);
  BOOST_TEST(html == page.str());
  report_test::check_valid(path);
  report_test::check_media(folder, html, 1, 1, 1);
  BOOST_TEST(html.find("<script>alert") == std::string::npos);
  BOOST_TEST(html.find("&lt;script&gt;alert") != std::string::npos);
  BOOST_TEST(html.find("prefers-color-scheme: dark") != std::string::npos);
  BOOST_TEST(count(html, "<h2 id=") == 1u);
  BOOST_TEST(html.find("<a href=\"#s1\">First &amp; last</a>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_chart_draws_what_it_is_given) {
  const std::string svg =
      report::chart({{"a", {0, 1, 2, 3}, {1, NAN, 3, 4}, 2, true}}, {.x_label = "x", .y_label = "y"});
  BOOST_TEST(count(svg, "<circle") == 3u);
  BOOST_TEST(count(svg, "M") == 2u);  // the gap begins a second stroke
  BOOST_TEST(count(svg, "class=\"s2\"") == 4u);
  BOOST_TEST(count(svg, "<ul") == 0u);  // one line needs no legend
  const std::string logarithmic =
      report::chart({{"a", {0, 1, 2}, {0, 1e-9, 1}, 0}}, {.logarithmic = true, .floor = 1e-4});
  BOOST_TEST(count(logarithmic, "L") == 2u);  // values below the floor lie on it
  const std::string part = report::chart({{"a", {0, 1, 2, 3}, {1, 2, 3, 4}, 0}}, {.least = 1, .most = 2});
  BOOST_TEST(count(part, "L") == 1u);
  // Epochs are whole numbers: between 1 and 3 there is one more tick, not eight. A dashed line is dashed in
  // the legend, too.
  const auto epochs = [](bool counted) {
    return report::chart({{"a", {1, 2, 3}, {1, 2, 4}, 0}, {"b", {1, 3}, {1, 2}, 1, false, true}},
                         {.counted = counted});
  };
  BOOST_TEST(count(epochs(true), ">1.2<") == 0u);
  BOOST_TEST(count(epochs(false), ">1.2<") == 1u);
  BOOST_TEST(count(epochs(true), ">2</text>") == 2u);  // of both axes
  BOOST_TEST(count(epochs(true), "<li class=\"b1 dashed\">") == 1u);
}

// On a narrow screen a chart is as wide as its letters need, and its figure scrolls.
BOOST_AUTO_TEST_CASE(charts_are_not_shrunk_on_a_phone) {
  const std::string chart = report::chart({{"a", {0, 1}, {0, 1}}}, {.width = 720});
  const std::string compared = report::comparison({{.name = "NWM", .found = {0.5}}}).content;
  BOOST_TEST(count(chart, "viewBox=\"0 0 720 300\" style=\"--proper: 720px\"") == 1u);
  BOOST_TEST(count(compared, "style=\"--proper: 960px\"") == 1u);
  const std::string style(report::style);
  const std::size_t narrow = style.find("@media (max-width:");
  BOOST_REQUIRE(narrow != std::string::npos);
  for (const char* rule : {"figure { overflow-x: auto;", "svg.chart { min-width: var(--proper); }"})
    BOOST_TEST(style.find(rule, narrow) != std::string::npos, rule);
}

BOOST_AUTO_TEST_CASE(models_beside_what_was_published) {
  const Folder folder;
  const std::vector<report::Compared> models{{"a & b", {0.9, 0.8, 1.0}, 0.95, 0.02},
                                             {"one seed", {0.5}, 0.4},
                                             {"diverged", {NAN, 0.25}, NAN, NAN, "one run diverged"},
                                             {"nothing", {}}};
  const auto figure = report::comparison(models, {.title = "Models.", .quantity = "IoU"});
  BOOST_TEST(count(figure.content, "<circle") == 5u);
  BOOST_TEST(count(figure.content, "class=\"l0\"") == 3u);
  BOOST_TEST(count(figure.content, "class=\"s1\"") == 2u);
  const auto& rows = figure.data->rows;
  BOOST_TEST(rows[0][1] == "0.9");
  BOOST_TEST(rows[0][2] == "0.1");
  BOOST_TEST(rows[1][2] == "–");
  BOOST_TEST(rows[2][1] == "0.25");
  BOOST_TEST(rows[2][5] == "2");
  BOOST_TEST(rows[3][1] == "–");
  report::Page page("t", "l");
  page.figure(figure);
  report::add_training(page, {{"Parameters", "3"}}, {0.1, 0.9, 0.8, 0.2, 0.7, 0.6}, 10,
                       {{1, 2}, {1, 0.5}, {1, 0.6}});
  report::add_training(page, {}, {}, 10, {});
  page.write(folder.path / "index.html");
  report_test::check_valid(folder.path / "index.html");
  BOOST_TEST(
      page.str().find("<td>intersection over union</td><td class=\"n\">80 %</td><td class=\"n\">60 %</td>") !=
      std::string::npos);
  BOOST_CHECK_EXCEPTION(report::comparison({}), nwm::Error, about("models"));
  BOOST_CHECK_EXCEPTION(report::comparison(models, {.least = 1, .most = 1}), nwm::Error, about("axis"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_shown_is_told) {
  BOOST_CHECK_EXCEPTION(report::chart({{"a", {0, 1}, {1}, 0}}), nwm::Error, about("line a"));
  BOOST_CHECK_EXCEPTION(report::chart({}), nwm::Error, about("curves"));
  BOOST_CHECK_EXCEPTION((report::Table{{"a", "b"}, {{"1"}}}.html()), nwm::Error, about("row"));
  const Folder folder;
  const report::Page page("t", "l");
  BOOST_CHECK_THROW(page.write(folder.path), nwm::Error);
  BOOST_CHECK_THROW(page.write(folder.path / "none" / "index.html"), nwm::Error);
}
