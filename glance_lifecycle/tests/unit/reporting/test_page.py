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

"""What each section says of what was collected, worked out by hand."""

import dataclasses
from typing import Any
import unittest

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import page
from glance_lifecycle.reporting.sections import duplicates
from glance_lifecycle.reporting.sections import hygiene
from glance_lifecycle.reporting.sections import signatures
from glance_lifecycle.tests.unit.reporting import samples


class PageTest(unittest.TestCase):

    report: model.Report

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.report = page.report(samples.facts(400))

    def section(self, name: str, report: model.Report | None = None
                ) -> model.Section:
        found, = (one for one in (report or self.report).sections
                  if one.name == name)
        return found

    def values(self, name: str) -> dict[str, model.Value]:
        return {one.name: one.value for one in self.section(name).figures}

    def rows(self, section: str, table: str) -> list[tuple[Any, ...]]:
        found, = (one for one in self.section(section).tables
                  if one.name == table)
        return list(found.rows)

    def test_health(self) -> None:
        self.assertEqual({'findings': 5}, self.values('health'))
        self.assertEqual([('error', 2), ('unknown', 1), ('warning', 3),
                          ('info', 1)], self.rows('health', 'severities'))
        self.assertEqual('GLC101', self.rows('health', 'findings')[0][1])

    def test_catalogue(self) -> None:
        # One of 40 is queued.
        self.assertEqual(400, self.values('catalogue')['images'])
        self.assertEqual(390, sum(
            row[1] for row in self.rows('catalogue', 'formats')))
        stores = {row[0]: row for row in self.rows('catalogue', 'stores')}
        self.assertEqual({'ceph', 'archive', 'edge-1', 'empty'}, set(stores))
        self.assertEqual(0, stores['empty'][-1])
        for row in stores.values():
            self.assertEqual(row[-1], sum(row[2:-1]))
        self.assertEqual(390, sum(
            row[1] for row in self.rows('catalogue', 'classes')))

    def test_room(self) -> None:
        values = self.values('room')
        figure = self.section('room').key_figure
        assert figure is not None
        self.assertEqual(model.Source.ASSUMED, figure.source)
        stores = {row[0]: row for row in self.rows('room', 'rooms')}
        # Together they are the sum, and what leaves one is free there.
        cost = values['cost']
        assert isinstance(cost, float)
        # Each is rounded.
        self.assertAlmostEqual(cost, sum(
            float(row[6]) for row in stores.values()), 4)
        for _name, now, after, free, free_after, *_rest in stores.values():
            self.assertEqual(free + now - after, free_after)
        self.assertEqual({'ceph': 'read', 'archive': 'given'}, {
            name: row[-1] for name, row in stores.items()})

    def test_clones(self) -> None:
        # Of 510 disks a week, the 60 of windows-2022 are cloned today.
        cloned = self.values('clones')
        self.assertEqual((100 * 60 / 510, 100 * 490 / 510), (
            cloned['cloned'], cloned['cloned_after']))
        self.assertEqual(450, sum(
            row[-1] for row in self.rows('clones', 'not_cloned')))

    def test_signatures(self) -> None:
        found = self.section('signatures')
        self.assertEqual(100, self.values('signatures')['signature_errors'])
        self.assertEqual(390, sum(sum(row[1:]) for row in self.rows(
            'signatures', 'coverage')))
        worst = self.rows('signatures', 'worst')
        self.assertEqual(['error'] * model.MOST_ROWS,
                         [row[0] for row in worst])
        self.assertEqual(400, found.tables[-1].total)

    def test_signatures_not_judged(self) -> None:
        facts = samples.facts(100)
        assert isinstance(facts.signatures, signatures.Signatures)
        report = page.report(dataclasses.replace(
            facts, signatures=dataclasses.replace(
                facts.signatures, findings=model.NotAsked('No Barbican.'))))
        found = self.section('signatures', report)
        self.assertEqual(('The signatures were not judged. No Barbican.',),
                         found.notes)
        self.assertIsNone(found.figures[1].value)
        self.assertEqual(1, len(found.tables))

    def test_drift(self) -> None:
        drifted = self.values('drift')['drifted']
        assert isinstance(drifted, int)
        self.assertLess(0, drifted)
        self.assertEqual('plan', self.section('drift').decisions[0].command)

    def test_duplicates(self) -> None:
        table, = self.section('duplicates').tables
        self.assertEqual((model.MOST_ROWS, 31),
                         (len(table.rows), table.total))
        # The largest of three stays.
        self.assertEqual((1 + 2) * samples.GIB // 4, table.rows[0][-1])

    def test_hygiene(self) -> None:
        self.assertEqual(
            {'reclaimable': (310 + 1 + 12) * samples.GIB,
             'hygiene_errors': 2}, self.values('hygiene'))
        self.assertEqual(
            [('ceph', 24), ('archive', 4)],
            [(row[0], row[3]) for row in self.rows('hygiene', 'stores')])

    def test_worker(self) -> None:
        self.assertEqual({'done': 300, 'workers': 1, 'waiting': 12,
                          'held': 14}, self.values('worker'))
        ended = self.section('worker').tables[0]
        self.assertEqual(['kind', 'cancelled', 'done', 'failed', 'bytes'],
                         [one.name for one in ended.columns])
        self.assertEqual(('copy', 0, 140, 3, 2100 * samples.GIB),
                         ended.rows[0])
        self.assertIn('and failed: The Image service',
                      self.section('worker').notes[1])

    def test_decisions(self) -> None:
        ranks = [one.severity.rank for one in self.report.decisions]
        self.assertEqual(sorted(ranks), ranks)
        self.assertEqual(11, len(ranks))

    def test_nothing_to_do(self) -> None:
        facts = samples.facts(
            10, duplicates=duplicates.Duplicates(0, 0, 0, ()),
            hygiene=hygiene.Hygiene({'s': examination.Totals()},
                                    counted.Findings()))
        report = page.report(facts)
        for name in ('duplicates', 'hygiene'):
            self.assertEqual((), self.section(name, report).decisions)

    def test_nothing_asked(self) -> None:
        report = page.report(samples.nothing('Nobody is here.'))
        self.assertEqual(9, len(report.sections))
        for one in report.sections:
            self.assertEqual('Nobody is here.', one.not_asked)
            self.assertIsNone(one.key_figure)
        self.assertEqual([], report.decisions)
