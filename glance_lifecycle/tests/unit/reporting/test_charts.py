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

"""Bars as SVG."""

import unittest
from xml.etree import ElementTree

from glance_lifecycle.reporting import charts
from glance_lifecycle.reporting import model

SVG = '{http://www.w3.org/2000/svg}'


def table(*rows: tuple[model.Value, ...], parts: tuple[str, ...] = ('a', 'b')
          ) -> model.Table:
    return model.table(
        't', 'Caption', (
            model.Column('name', 'Name'),
            *(model.Column(part, part.capitalize(), model.Unit.BYTES)
              for part in parts)), rows, model.Source.READ, 'x',
        chart=model.Chart('A & <b>', 'name', parts))


class DrawnTest(unittest.TestCase):

    def bars(self, one: model.Table) -> list[tuple[str, float, float]]:
        """Class, left edge and width of each."""
        found = ElementTree.fromstring(charts.drawn(one, 'c'))  # noqa: S314
        return [(rect.attrib['class'], float(rect.attrib['x']),
                 float(rect.attrib['width']))
                for rect in found.iter(SVG + 'rect')
                if rect.attrib['class'] != 'track']

    def test_stacked(self) -> None:
        self.assertEqual(
            [('part-0', 0, 100), ('part-1', 100, 300), ('part-1', 0, 200)],
            self.bars(table(('x', 1, 3), ('y', 0, 2))))

    def test_compared(self) -> None:
        self.assertEqual(
            [('part-0', 0, 400), ('part-1', 0, 100)],
            self.bars(table(('x', 4, 1), parts=('held', 'held_after'))))

    def test_little_is_seen(self) -> None:
        bars = self.bars(table(('x', 10 ** 15, 1)))
        self.assertEqual(('part-1', 398.5, 1.5), bars[1])

    def test_severities(self) -> None:
        self.assertEqual(
            ['bar-error', 'part-0'],
            [one[0] for one in self.bars(table(
                ('error', 1), ('errors', 1), parts=('a',)))])

    def test_nothing(self) -> None:
        self.assertEqual('', charts.drawn(table(('x', 0, None)), 'c'))
        self.assertEqual('', charts.drawn(table(), 'c'))
        self.assertEqual('', charts.drawn(model.table(
            't', 'C', (), [], model.Source.READ, 'x'), 'c'))

    def test_hostile(self) -> None:
        drawn = charts.drawn(table(('</text><script>"\x00\u202e&', 1, 1)),
                             'c')
        found = ElementTree.fromstring(drawn)  # noqa: S314
        self.assertEqual({'svg', 'defs', 'title', 'desc', 'text', 'rect'}, {
            one.tag.removeprefix(SVG) for one in found.iter()})
        self.assertIn('</text><script>"\\x00\\u202e…'[:20],
                      ''.join(found.itertext()))
        self.assertNotIn('style', drawn)

    def test_described(self) -> None:
        found = ElementTree.fromstring(charts.drawn(  # noqa: S314
            table(('x', 1024, 0)), 'c'))
        self.assertEqual('c-title c-description',
                         found.attrib['aria-labelledby'])
        title, description = (found.find(SVG + name)
                              for name in ('title', 'desc'))
        assert title is not None and description is not None
        self.assertEqual(('c-title', 'A & <b>'),
                         (title.attrib['id'], title.text))
        self.assertEqual('x: A 1.00 KiB, B 0 B.', description.text)

    def test_many(self) -> None:
        self.assertEqual(12, len(self.bars(table(
            *(('x', 1, 0) for _number in range(20))))))
