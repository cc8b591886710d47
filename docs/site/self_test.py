#!/usr/bin/env python3
"""Tries what makes and judges the site on small inputs, before it is believed on the large one."""
import collections
import re
import unittest

import headers
import pages
import site_map


def prepared(text, rules=(), blocks=None):
    counted = collections.Counter({(re.compile(a), re.compile(b), c): 0 for a, b, c in rules})
    lines = headers.prepared("nwm/x.hpp", text, counted, [] if blocks is None else blocks)
    return [line.strip() for _, line in lines], [n for n, _ in lines], counted


class Headers(unittest.TestCase):
    def test_what_is_declared_together_is_described_each(self):
        for text in ("/// both ends\ndouble low = 0, high = f(1, 2);\n", "double low = 0, high = f(1, 2);  ///< both ends\n"):
            lines, _, _ = prepared("// x\n" + text)
            for name in ("low = 0;", "high = f(1, 2);"):
                self.assertIn("both ends", lines[lines.index("double " + name) - 1])

    def test_functions_stay_whole(self):
        for line in ("int f(int a, int b);", "std::array<int, 2> g{1, 2};", "int h = a ? b : c, d;"):
            self.assertEqual(headers.each_alone(line), [line])

    def test_a_contract_describes_what_nothing_else_does(self):
        rule = [("nwm/.*", r"static void step\(", "One step.")]
        lines, numbers, counted = prepared("// x\ntemplate <class V>\nstatic void step(V v);\n", rule)
        self.assertEqual(lines[1:4], ["/// One step.", "template <class V>", "static void step(V v);"])
        self.assertEqual(numbers[1:4], [3, 2, 3])
        self.assertEqual(list(counted.values()), [1])
        lines, _, counted = prepared("// x\n/// Its own words.\nstatic void step(V v);\n", rule)
        self.assertNotIn("/// One step.", lines)
        self.assertEqual(list(counted.values()), [0])

    def test_equations_stay_lines_and_code_is_known(self):
        blocks = []
        lines, _, _ = prepared("// x\n/// Euler:\n///   z' = z + f * y\n/// and\n///     run<2>();\nint a;\n", blocks=blocks)
        self.assertIn("/// @code{.unparsed}", lines)
        self.assertIn("///z' = z + f * y", lines)
        self.assertIn("/// @code{.cpp}", lines)
        self.assertEqual(lines.count("/// @endcode"), 2)
        self.assertEqual([line.strip() for block in blocks for line in block], ["run<2>();"])

    def test_lists_are_no_code(self):
        lines, _, _ = prepared("// x\n/// It has\n///   * one,\n///     and more of it\nint a;\n")
        self.assertFalse([line for line in lines if "@code" in line])

    def test_words_are_no_commands(self):
        self.assertEqual(headers.escape("a <b> \\c `<d>`"), "a \\<b\\> \\\\c `<d>`")

    def test_the_opening_comment_describes_the_file(self):
        lines, _, _ = prepared("// What it is for.\n#pragma once\n")
        self.assertEqual(lines[-2:], ["/// @file", "/// What it is for."])


class Pages(unittest.TestCase):
    def test_links_lead_within_the_site(self):
        leads = site_map.leads_to
        self.assertEqual(leads("docs/design.md", "own-cell.md"), "own-cell.html")
        self.assertEqual(leads("docs/design.md", "own-cell.md#the-program"), "own-cell.html#own-cell--the-program")
        self.assertEqual(leads("docs/design.md", "../include/nwm/cell/wave.hpp"), "header:nwm/cell/wave.hpp")
        self.assertEqual(leads("docs/design.md", "../examples/own_cell.cpp"), "example-own-cell-cpp.html")
        self.assertIsNone(leads("docs/design.md", "../CMakeLists.txt"))
        self.assertEqual(leads("docs/design.md", "missing.md"), "missing.md")

    def test_headings_have_their_names(self):
        text = pages.prepared("docs/design.md", "# Design\n\n## Are `they` waves?\n\n```cpp\n# no heading\n```\n")
        self.assertIn("# Design {#design}\n", text)
        self.assertIn("{#design--are-they-waves}\n", text)
        self.assertIn("~~~~~~{.cpp}\n# no heading\n~~~~~~\n", text)

    def test_code_in_bold(self):
        self.assertIn("<b>`fit`</b> trains", pages.prepared("docs/design.md", "**`fit`** trains\n"))

    def test_a_link_on_two_lines(self):
        self.assertIn("[a\nb](own-cell.html)", pages.prepared("docs/design.md", "see [a\nb](own-cell.md).\n"))


if __name__ == "__main__":
    unittest.main()
