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

"""Uploads, stagings and imports that fail."""

from glance_lifecycle.audit.doctor import live
from glance_lifecycle.tests.unit.audit.diagnosis import cases as facts
from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases


class UploadFailsTest(cases.SymptomTestCase):

    symptom = 'upload-fails'

    def test_not_known(self) -> None:
        self.assertIn('Name the image.', self.nothing_known()['needed'])

    def test_well(self) -> None:
        found = self.walk(**cases.image(size=10))
        self.assertEqual([], found['findings'])
        self.assertEqual('yes', self.answers(found)[
            'Has the image its data?'])

    def test_task(self) -> None:
        found = self.walk(**cases.image('uploading', tasks=[facts.task(
            'failure', 'Store s2 is full: no space. password=hunter2')]))
        self.assertEqual(1, len(found['findings']))
        self.assertNotIn('hunter2', str(found))
        self.assertTrue(any('--read-log' in one for one in found['needed']))

    def test_log(self) -> None:
        found = self.walk(**cases.image('queued', lines=[cases.line(
            'PolicyNotAuthorized: no ' + 'x' * 900)]))
        self.assertEqual('yes', self.answers(found)[
            'Did a log say what is wrong?'])
        self.assertTrue(any('PolicyNotAuthorized' in one['evidence']
                            for one in found['findings']))

    def test_limits(self) -> None:
        for used, answer in ((100, 'yes'), (10, 'no')):
            found = self.walk(live=live.Live(usage={
                'image_size_total': live.Usage(100, used),
                'image_count_total': live.Usage(-1, 5)}))
            self.assertEqual(answer, self.answers(found)[
                'Is the project at a limit?'])
            self.assertEqual(used == 100, 'GLC906' in self.found_codes(found))

    def test_cap(self) -> None:
        conf = {'glance-api.conf': '[DEFAULT]\nimage_size_cap = 100\n'}
        self.assertIn('GLC048', self.found_codes(self.walk(
            conf, **cases.image('queued', size=101))))
        self.assertNotIn('GLC048', self.found_codes(self.walk(
            conf, **cases.image(size=100))))
        self.assertNotIn('GLC048', self.found_codes(self.walk(
            {'glance-api.conf': '[DEFAULT]\nimage_size_cap = x\n'},
            **cases.image(size=100))))

    def test_hostile(self) -> None:
        self.walk(**cases.image('queued', tasks=[facts.task(
            cases.HOSTILE, cases.HOSTILE)], lines=[cases.line('x')]))
