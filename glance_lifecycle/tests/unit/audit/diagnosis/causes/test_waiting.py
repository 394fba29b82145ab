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

"""Images without their data, or without an import."""

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import waiting
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.tests.unit.audit.diagnosis import cases

LOOKED = cases.here(staging='/staging', reference='http://api1:9292')


class NeverImportedTest(cases.CauseTestCase):

    def test_it(self) -> None:
        said = self.one(waiting.never_imported, cases.known(
            'uploading', here=cases.here(
                staging='/staging', staged=cases.staged())),
            'never-imported')
        self.assertEqual((cause.CERTAIN, cause.NO), (
            said.confidence, said.waiting))
        self.assertIn('holds 1 KiB, changed 8 minutes ago', said.evidence)
        self.assertEqual(cause.POSSIBLE, self.one(
            waiting.never_imported, cases.known(
                'uploading', tasks=None)).confidence)

    def test_not(self) -> None:
        self.none(waiting.never_imported, cases.known('queued'),
                  cases.known('uploading', lock='t1'),
                  cases.known('uploading', tasks=[cases.task('failure')]))


class StagedElsewhereTest(cases.CauseTestCase):

    def test_likely(self) -> None:
        said = self.one(waiting.staged_elsewhere, cases.known(
            'uploading', here=LOOKED), 'staged-elsewhere')
        self.assertEqual((cause.LIKELY, ''), (said.confidence, said.where))
        self.assertIn('/staging has no file of this image', said.evidence)

    def test_named(self) -> None:
        for text in ("Proxying post request to host http://api2:9292 which "
                     "is serving", "Failed to proxy to 'http://api2:9292"
                     "/v2/images/x/import': gone", "ConnectFailure: Unable to "
                     "establish connection to http://api2:9292/v2/images/x/"
                     "import: x"):
            said = self.one(waiting.staged_elsewhere, cases.known(
                'uploading', here=LOOKED, lines=[cases.line(text)]))
            self.assertEqual((cause.CERTAIN, 'http://api2:9292'),
                             (said.confidence, said.where))
        said = self.one(waiting.staged_elsewhere, cases.known(
            'uploading', here=cases.here(
                staging='/staging', transfers=(facts.Transfer(
                    't1', False, stage_host='http://api3:9292'),))))
        self.assertEqual('http://api3:9292', said.where)

    def test_lost(self) -> None:
        said = self.one(waiting.staged_elsewhere, cases.known(
            'uploading', here=LOOKED, lines=[cases.line(
                'Proxying post request to host http://api1:9292/ which')]),
            'staged-data-lost')
        self.assertTrue(said.destructive)

    def test_not(self) -> None:
        self.none(waiting.staged_elsewhere, cases.known('uploading'),
                  cases.known('uploading', here=cases.here()),
                  cases.known('queued', here=LOOKED),
                  cases.known('uploading', here=cases.here(
                      staging='/staging', staged=cases.staged())))


class OthersTest(cases.CauseTestCase):

    def test_without_data(self) -> None:
        self.assertEqual(cause.LIKELY, self.one(
            waiting.without_data, cases.known('queued'),
            'no-data').confidence)
        self.assertEqual(cause.POSSIBLE, self.one(
            waiting.without_data,
            cases.known('queued', tasks=None)).confidence)
        self.none(waiting.without_data, cases.known('active'),
                  cases.known('queued', lock='t1'),
                  cases.known('queued', tasks=[cases.task()]))

    def test_upload(self) -> None:
        self.assertEqual(cause.LIKELY, self.one(
            waiting.upload_cut, cases.known(
                'saving', updated=cases.ago(7200)), 'upload-cut').confidence)
        for updated in (cases.ago(60), None):
            self.assertEqual(cause.UNKNOWN, self.one(
                waiting.upload_cut, cases.known('saving', updated=updated),
                'upload-runs').severity)
        self.none(waiting.upload_cut, cases.known('importing'))
