# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The page: well-formed, closed to the world, readable, and not too large."""

from html import parser as html_parser
import re
from typing import Any
from typing import ClassVar
import unittest

import html5lib

from glance_lifecycle.reporting import html
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import page
from glance_lifecycle.tests.unit.reporting import samples

# WCAG 2, 1.4.3 and 1.4.11.
_TEXT, _GRAPHIC = 4.5, 3.0


class _Tags(html_parser.HTMLParser):
    """Each element with its attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


class PageTest(unittest.TestCase):

    text: ClassVar[str]
    tags: ClassVar[list[tuple[str, dict[str, str | None]]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.text = html.page(page.report(samples.facts()))
        cls.tags = _Tags(cls.text).found

    def elements(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name in names]

    def test_well_formed(self) -> None:
        for text in (self.text, html.page(page.report(samples.nothing()))):
            html5lib.HTMLParser(strict=True).parse(text)

    def test_nothing_runs(self) -> None:
        names = {name for name, _attributes in self.tags}
        self.assertEqual(set(), names & {
            'script', 'img', 'iframe', 'object', 'embed', 'link', 'base',
            'form', 'input', 'foreignobject', 'use', 'image', 'audio',
            'video'})
        for name, attributes in self.tags:
            self.assertEqual([], [one for one in attributes if one.startswith(
                'on') or one == 'style'], name)

    def test_nothing_is_fetched(self) -> None:
        for name, attributes in self.tags:
            for key in ('src', 'href', 'xlink:href', 'action', 'data'):
                self.assertTrue((attributes.get(key) or '#').startswith('#'),
                                (name, attributes))
        self.assertNotIn('url(', self.text)
        self.assertNotIn('@import', self.text)
        # Names of XML's namespaces are not fetched.
        self.assertEqual({'http://www.w3.org/2000/svg',
                          'http://www.w3.org/1999/xlink'},
                         set(re.findall(r'https?://[^"\s<]+', self.text)))

    def test_policy(self) -> None:
        found = [one['content'] for one in self.elements('meta')
                 if one.get('http-equiv') == 'Content-Security-Policy']
        self.assertEqual(1, len(found))
        style = self.text.partition('<style>')[2].partition('</style>')[0]
        self.assertEqual(
            "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
            "form-action 'none'" % html._digest(style), found[0])

    def test_hostile_names(self) -> None:
        tree = html5lib.parse(self.text, namespaceHTMLElements=False)
        texts = ' '.join(tree.itertext())
        for name in ('<script>alert(1)</script>', '{{ 7 * 7 }}{% raw %}',
                     '&lt;b&gt;', '"><img src=x onerror=alert(1)>'):
            self.assertIn(name, texts)
        unseen = [one for one in self.text
                  if not one.isprintable() and one != '\n']
        self.assertEqual([], unseen)
        self.assertIn('\\u202egnp.exe\\u202c', texts)
        self.assertIn('W' * 59 + '…', texts)
        self.assertNotIn('W' * 61, texts)

    def test_headings(self) -> None:
        levels = [int(name[1]) for name, _attributes in self.tags
                  if re.fullmatch('h[1-6]', name)]
        self.assertEqual(1, levels[0])
        self.assertEqual(1, levels.count(1))
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after, before + 1)

    def test_ids(self) -> None:
        ids = [attributes['id'] for _name, attributes in self.tags
               if 'id' in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for _name, attributes in self.tags:
            for one in (attributes.get('aria-labelledby') or '').split():
                self.assertIn(one, ids)
            link = attributes.get('href') or '#' + str(ids[0])
            self.assertIn(link.removeprefix('#'), ids)

    def test_tables(self) -> None:
        self.assertEqual(len(self.elements('table')),
                         len(self.elements('caption')))
        self.assertGreater(len(self.elements('table')), 10)
        for one in self.elements('th'):
            self.assertIn(one.get('scope'), ('col', 'row'))

    def test_charts(self) -> None:
        """Each has a name, a description, and a table with its numbers."""
        charts = [one for one in self.elements('svg')
                  if one.get('class') == 'chart']
        self.assertEqual(len(charts), self.text.count('<figure>'))
        self.assertGreater(len(charts), 5)
        self.assertEqual(len(charts), self.text.count('<desc '))
        for one in charts:
            self.assertEqual('img', one['role'])
        for figure in self.text.split('</figure>')[:-1]:
            self.assertIn('</svg>', figure)
        for after in self.text.split('</figure>')[1:]:
            self.assertTrue(after.lstrip().startswith('<table'), after[:80])

    def test_sources_and_commands(self) -> None:
        report = page.report(samples.facts(100))
        told: list[model.Figure | model.Table] = []
        for section in report.sections:
            told += section.figures
            told += section.tables
        for one in told:
            self.assertTrue(one.command, one.name)
            self.assertIn(one.source, model.Source)
            self.assertIn('openstack image lifecycle ' + one.command,
                          self.text)

    def test_absent(self) -> None:
        text = html.page(page.report(samples.nothing()))
        self.assertEqual(9, text.count('There is &lt;no&gt; session.'))

    def test_large(self) -> None:
        """It shows the first of many: 100,000 images make it no larger."""
        text = html.page(page.report(samples.facts(20_000)))
        self.assertLess(len(text.encode()), 2 * 1024 ** 2)


class ContrastTest(unittest.TestCase):
    """Of the style sheet's colours, light and dark."""

    def setUp(self) -> None:
        super().setUp()
        style = html._template('report.css')
        blocks = [dict(re.findall(r'--([\w-]+): *(#\w{6})', one))
                  for one in re.findall(r':root \{(.*?)\}', style, re.S)]
        self.assertEqual(2, len(blocks))
        self.assertEqual(blocks[0].keys(), blocks[1].keys())
        self.schemes = blocks

    def test_texts(self) -> None:
        for colours in self.schemes:
            for text in ('text', 'soft', 'link', 'error', 'unknown',
                         'warning', 'info'):
                for behind in ('page', 'card'):
                    self.assertGreaterEqual(_contrast(
                        colours[text], colours[behind]), _TEXT,
                        (text, behind))

    def test_bars(self) -> None:
        for colours in self.schemes:
            for bar in (*('part-%d' % number for number in range(6)),
                        *map(str, model.Severity)):
                self.assertGreaterEqual(_contrast(
                    colours[bar], colours['track']), _GRAPHIC, bar)


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted(map(_luminance, (one, other)), reverse=True)
    return (lighter + .05) / (darker + .05)


def _luminance(colour: str) -> float:
    values = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= .03928 else (
        (value + .055) / 1.055) ** 2.4 for value in values)
    return .2126 * red + .7152 * green + .0722 * blue
