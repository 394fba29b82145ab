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

from collections.abc import Mapping
import os
import uuid

from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene.local import staging
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.tests.unit.audit.hygiene.local import case

HERE = 'http://here:9292'


class StagingTest(case.LocalCase):

    def setUp(self) -> None:
        super().setUp()
        self.place: place.Place = staging.Staging(str(self.base), HERE)

    def of(self, status: str, marks: Mapping[str, str] | None = None,
           **other: object) -> str:
        """What is said of one that was staged long ago; '' for nothing."""
        self.put(case.A)
        busy = (case.A,) if other.pop('task', False) else ()
        return self.said(self.place, case.Host(
            case.image(case.A, status, **other), busy=busy,
            marks={case.A: marks or {}})).get(case.A, '')

    def test_gone(self) -> None:
        for name in (case.A, case.B, case.B + '.converted', 'x' + case.B,
                     case.B + '-x', case.C):
            self.put(name)
        found_ = self.items(self.place, case.Host(
            case.gone(case.A), case.image(case.C), busy=[case.C]))
        self.assertEqual(
            sorted((case.A, case.B, case.B + '.converted')), sorted(found_))
        self.assertEqual({case.A, case.B}, {
            one.finding.subject for one in found_.values()})
        self.assertIn('glance-api', found_[case.A].finding.remedy)

    def test_stale(self) -> None:
        for status in ('active', 'deactivated', 'queued', 'uploading'):
            self.assertEqual(found.STAGING, self.of(status), status)
            self.assertEqual(found.STAGING, self.of(
                status, {'os_glance_stage_host': HERE}), status)

    def test_needed(self) -> None:
        for status in ('active', 'uploading', 'importing'):
            self.assertEqual('', self.of(status, task=True))
            self.assertEqual('', self.of(status, changed=self.times.now))
            for mark in ('os_glance_import_task', 'os_glance_hash_op_host',
                         'os_glance_importing_to_stores'):
                self.assertEqual('', self.of(status, {mark: 'x'}))

    def test_unclear(self) -> None:
        self.assertEqual(found.UNCLEAR, self.of(
            'uploading', {'os_glance_stage_host': 'http://there\x1b:9292'}))
        for status in ('importing', 'saving', 'pending_delete', 'new'):
            self.assertEqual(found.UNCLEAR, self.of(status), status)

    def test_a_store_has_the_directory(self) -> None:
        path = self.put(case.A)
        self.assertEqual('', self.of('active', locations=(
            helpers.Location('file://%s' % path),)))
        alias = self.base / 'alias'
        alias.symlink_to(self.base)
        self.assertEqual('', self.of('active', locations=(
            helpers.Location('file://%s/%s' % (alias, case.A)),)))
        self.assertEqual(found.STAGING, self.of('active', locations=(
            helpers.Location('file://%s' % path, status='deleted'),
            helpers.Location('rbd://a/b/c/d'))))


class TasksTest(case.LocalCase):

    def setUp(self) -> None:
        super().setUp()
        self.running = str(uuid.uuid4())
        self.place = staging.Tasks(str(self.base),
                                   lambda task: task != self.running)

    def test_tasks(self) -> None:
        over = 'running-task-%s' % uuid.uuid4()
        for name in ('running-task-' + self.running, over, 'running-task-x',
                     case.A, case.B, case.C + '.converted'):
            self.put(name)
        os.mkfifo(self.base / ('running-task-%s' % uuid.uuid4()))
        self.assertEqual(
            {over: found.TASK, case.A: found.TASK, case.B: found.UNCLEAR,
             case.C + '.converted': found.TASK},
            self.said(self.place, case.Host(
                case.gone(case.A), case.image(case.B, 'queued'),
                case.image(case.C))))
