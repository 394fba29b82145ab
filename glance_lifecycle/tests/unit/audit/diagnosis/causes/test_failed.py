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

"""What messages of failed imports mean."""

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import failed
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.diagnosis import cases

INTERNAL = 'Task failed due to Internal Error'

OURS = (
    ('signature-refused', exceptions.ImageRefused(
        reason='signature-mismatch', detail='it is wrong')),
    ('signature-refused', exceptions.ImageRefused(
        reason='unsigned', detail='none')),
    ('format-refused', exceptions.ImageRefused(
        reason='format-mismatch', detail='it is qcow2')),
    ('data-corrupt', exceptions.ImageRefused(
        reason='truncated', detail='it ends too soon')),
    ('policy-refused', exceptions.ImageRefused(
        reason='size-limit', detail='rule small')),
    ('store-full', exceptions.StoreFull(store='s2', detail='no room')),
    ('store-occupied', exceptions.StoreDuplicate(store='s2', detail='x')),
    ('store-failed', exceptions.StoreError(store='s2', detail='read-only')),
    ('no-worker', exceptions.NoWorker(detail='x')),
    ('key-manager', exceptions.KeyManagerForbidden(detail='no')),
    ('configuration', exceptions.ConfigurationError(detail='x')),
    ('database', exceptions.DatabaseError(detail='x')),
    ('cancelled', exceptions.ImportCancelled()),
    ('cancelled', exceptions.TransferCancelled(detail='x')),
    ('transfer-failed', exceptions.TransferFailed(detail='killed')),
    ('staged-elsewhere', exceptions.SourceError(
        detail='cannot be opened. Was it staged on another host?')),
)
STOCK = (
    ('store-full', 'Image storage media is full: There is not enough disk '
     'space on the image storage media.'),
    ('host-filtered', 'URI for web-download does not pass filtering: x'),
)


class TaskFailedTest(cases.CauseTestCase):

    def test_messages(self) -> None:
        for code, message in (*OURS, *STOCK):
            for status in ('queued', 'uploading', 'importing'):
                said = self.one(failed.task_failed, cases.known(
                    status, tasks=[cases.task('failure', str(message))]),
                    code)
                self.assertEqual((cause.CERTAIN, cause.NO), (
                    said.confidence, said.waiting))
                self.assertIn(cases.REQUEST, said.evidence)

    def test_internal(self) -> None:
        tasks = [cases.task('failure', INTERNAL)]
        said = self.one(failed.task_failed, cases.known(
            'queued', tasks=tasks), 'task-failed')
        self.assertEqual(cause.POSSIBLE, said.confidence)
        self.assertIn('--read-log', said.command)
        for code, text in (
                ('data-corrupt', 'qemu-img: could not open'),
                ('store-full', 'glance_store.exceptions.StorageFull'),
                ('signature-refused', 'SignatureVerificationError: x'),
                ('policy-refused', 'Forbidden: You are not authorized')):
            said = self.one(failed.task_failed, cases.known(
                'queued', tasks=tasks, lines=[cases.line(text)]), code)
            self.assertEqual(cause.LIKELY, said.confidence)
            self.assertIn('api.log:7 says', said.evidence)
        said = self.one(failed.task_failed, cases.known(
            'queued', tasks=tasks, lines=[cases.line('Boom')]),
            'task-failed')
        self.assertIn('Boom', said.evidence)
        # Only what went wrong counts.
        self.one(failed.task_failed, cases.known(
            'queued', tasks=tasks, lines=[cases.line('qemu-img', 'DEBUG')]),
            'task-failed')

    def test_not(self) -> None:
        self.none(
            failed.task_failed, cases.known('queued'),
            cases.known('queued', tasks=None),
            cases.known('active', tasks=[cases.task('failure', 'x')]),
            # It was tried again since.
            cases.known('importing', tasks=[
                cases.task(), cases.task('failure', INTERNAL, id='t0')]),
            cases.known('queued', tasks=[cases.task('success')]))

    def test_hostile(self) -> None:
        said = self.one(failed.task_failed, cases.known('queued', tasks=[
            cases.task('failure', '\x1b[2J' + 'x' * 100000
                       + ' http://u:secret@h/')]))
        self.assertNotIn('\x1b', said.evidence)
        self.assertNotIn('secret', said.evidence)
        self.assertLess(len(said.evidence), 1000)


class RefusedAtOnceTest(cases.CauseTestCase):

    def test_logged(self) -> None:
        self.one(failed.refused_at_once, cases.known(
            'queued', lines=[cases.line(
                'URI for web-download does not pass filtering: x',
                'DEBUG')]), 'host-filtered')
        said = self.one(failed.refused_at_once, cases.known(
            'uploading', lines=[cases.line(
                'You are not authorized to complete modify_image action.')]),
            'request-refused')
        self.assertEqual(cause.LIKELY, said.confidence)

    def test_not(self) -> None:
        forbidden = [cases.line('Forbidden')]
        self.none(failed.refused_at_once, cases.known('queued'),
                  cases.known('active', lines=forbidden),
                  cases.known('queued', lines=[cases.line('Boom')]),
                  cases.known('queued', tasks=[cases.task()],
                              lines=forbidden))
