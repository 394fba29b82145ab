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

from collections.abc import Iterator
import json
from typing import Any
import unittest

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import text
from glance_lifecycle.tests.unit.audit.doctor import cases
from glance_lifecycle.tests.unit.audit.doctor import test_report

NOTHING = {'glance-api.conf': '[DEFAULT]\n'}


class LiveTest(unittest.TestCase):

    def test_read(self) -> None:
        found = live.read({
            'endpoint': 'http://image', 'methods': ['copy-image'],
            'stores': [{'id': 'a', 'default': True}],
            'usage': {'image_size_total': {'limit': 1, 'usage': 2}},
            'endpoints': [{'interface': 'public', 'region': 'R',
                           'url': 'http://image'}]})
        self.assertEqual(live.Live(
            endpoint='http://image', methods=('copy-image',),
            stores=(live.Store('a', default=True),),
            usage={'image_size_total': live.Usage(1, 2)},
            endpoints=(live.Endpoint('public', 'R', 'http://image'),)), found)
        with self.assertRaises(TypeError):
            live.read({'method': []})


class ExaminedTest(test_report.ReportTestCase):

    def test_only_when_asked(self) -> None:
        """Without --live, checks of the services are not among those made."""
        kinds = check.load_all()
        hosts = self.gathered(NOTHING)
        asked = live.Live('http://image')
        codes = [one.code for one in kinds
                 if issubclass(one, check.LiveCheck)]
        self.assertLess(5, len(codes))
        for found, made in ((examination.examine(hosts, kinds), False),
                            (examination.examine(hosts, kinds, asked), True)):
            self.assertEqual(made, set(codes) <= set(found.checks))
            self.assertEqual('http://image' if made else None, found.asked)

    def test_without_files(self) -> None:
        """A laptop has no configuration, and may ask all the same."""
        said = live.Live('http://image', stuck={'importing': 2})
        found = examination.examine([], check.load_all(), said)
        self.assertEqual([('GLC907', ())], [
            (one.code, one.hosts) for one in found.findings])

    def test_shown(self) -> None:
        report = self.report('[DEFAULT]\n', asked=live.Live(
            'http://image', stuck={'importing': 2}))
        said = '\n'.join(text.lines(report, colour=False)).replace('\n', ' ')
        self.assertIn(', and on the running services (http://image).', said)
        self.assertIn('2 images have been importing for an hour', said)
        self.assertIn('on the running services', said)


class HostileTest(cases.DoctorTestCase):
    """Services, images and hosts have names that strangers chose."""

    def test_types(self) -> None:
        """What is of another type than the API has is not known."""
        good = {'id': 'x', 'size': 5, 'protected': False, 'tags': ['a'],
                'stores': 'a,b', 'os_distro': 'debian'}
        self.assertEqual(good, live.image(good))
        self.assertEqual({}, live.image({
            'id': 5, 'size': '5', 'virtual_size': True, 'protected': 'no',
            'tags': [1], 'name': None, 'stores': ['a'], 'p': {'a': 'b'},
            5: 'x'}))
        others: list[Any] = [None, [], 'x', 5]
        for other in others:
            self.assertEqual({}, live.image(other))

    def test_names(self) -> None:
        """Whatever they are, nothing fails and no terminal is moved."""
        hostile = '\x1b[2J\u202e' + 'x' * 100_000
        for kind in check.load_all():
            if not issubclass(kind, check.LiveCheck):
                continue
            for files in kind.bad:
                said = json.loads(files[cases.LIVE])
                for changed in _changed(said, hostile):
                    found = examination.examine(
                        self.gathered(files), [kind],
                        live.read(changed)).findings
                    for one in found:
                        self.assertNotIn('The check failed', one.evidence,
                                         (kind.code, str(changed)[:200]))
                        shown = one.subject + one.evidence + one.remedy
                        self.assertTrue(shown.isprintable(), kind.code)
                        self.assertLess(len(one.subject), 1000, kind.code)

    def test_images(self) -> None:
        """What the Image API shows of an image is anything."""
        files = {'glance-api.conf': '[DEFAULT]\n'}
        for image in ({}, {'id': None, 'stores': 5, 'size': 1,
                           'disk_format': 'qcow2', 'visibility': 'public'},
                      {'id': 'x' * 100_000, 'stores': ',,,', 'size': 1}):
            found = examination.examine(
                self.gathered(files), check.load_all(), live.Live(
                    images=(image,), stores=(live.Store('a', kind='rbd'),),
                    booted={'None': 2}))
            self.assertEqual([], [one for one in found.findings
                                  if 'The check failed' in one.evidence])


def _changed(data: Any, hostile: str) -> Iterator[Any]:
    """With each of its texts replaced, one at a time."""
    if isinstance(data, str):
        yield hostile
    for key, value in (data.items() if isinstance(data, dict)
                       else enumerate(data) if isinstance(data, list)
                       else ()):
        for changed in _changed(value, hostile):
            copy = data.copy()
            copy[key] = changed
            yield copy
