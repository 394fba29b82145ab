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

"""What the worker does not do, or does later."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import worker_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import job_changes

_RETAIN = """\
version: 1
rules:
  - name: old
    match: {tags: old}
    retain: {%s: 0 seconds}
"""


class BrakeTest(worker_case.WorkerCase):

    def test_held(self) -> None:
        """Too much at once waits for an operator."""
        made = [self.image(name='golden-%d' % n, protected=True)
                for n in range(3)]
        daemon = self.worker(brake_images=2)
        daemon.wait_for_sweep()
        self.assertEqual([{'copy': 'held'}] * 3,
                         [daemon.states(one) for one in made])
        self.assertIn('brake_images (2)',
                      daemon.job(made[0], 'copy').reason)
        self.assertIn('3 new jobs are HELD', daemon.log_text())
        self.assertEqual(['s1'], self.stores_of(made[0]))
        # One more is no reason to hold it, nor to let the others go.
        later = self.image(name='golden-later', protected=True)
        daemon.wait_for_job(later, 'copy')
        self.assertEqual('held', daemon.states(made[0])['copy'])
        job_changes.requeue(daemon.database, daemon.job(made[0], 'copy').id,
                            actor='an operator')
        daemon.wait_for_job(made[0], 'copy')
        self.assertEqual(['s1', 's2'], self.stores_of(made[0]))
        self.assertEqual('held', daemon.states(made[1])['copy'])
        # Whoever deletes it leaves nothing to do.
        self.admin.update(made[2], protected=False)
        self.admin.delete(made[2])
        daemon.set_policy(worker_case.POLICY + '# All are looked at.\n')
        daemon.wait_for_job(made[2], 'copy')
        self.assertIn('done: The image is gone.', daemon.story(made[2]))


class StoreAwayTest(worker_case.WorkerCase):

    def test_away(self) -> None:
        """Its jobs wait, those of others go on; it comes back."""
        away = self.api.store_dir('s2')
        away.rename(self.work / 's2')
        away.touch()
        daemon = self.worker(
            worker_case.POLICY + """\
  - name: other
    match: {name: "other-*"}
    place: {stores: [s1, s3]}
""", brake_percent=0, jobs=1)
        made = [self.image(name='golden-%d' % n, protected=True)
                for n in range(3)]
        waiting.until('it is taken to be away', lambda: (
            'is taken to be away' in daemon.log_text()))
        other = self.image(name='other-1')
        daemon.wait_for_job(other, 'copy')
        attempts = [daemon.job(one, 'copy').attempts for one in made]
        daemon.wait_for_sweep()
        self.assertEqual(
            attempts, [daemon.job(one, 'copy').attempts for one in made])
        away.unlink()
        (self.work / 's2').rename(away)
        for one in made:
            daemon.wait_for_job(one, 'copy')
            self.assertEqual(['s1', 's2'], self.stores_of(one))
        self.assertIn('Store s2 works again', daemon.log_text())


class DeletionTest(store_case.StoreCase):
    """Retention, with somebody to ask what is in use."""

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.cloud = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.identity.register('image', self.api.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')

    def image(self, *tags: str) -> str:
        created = self.admin.create_image(disk_format='raw',
                                          tags=list(tags))
        self.admin.upload(created['id'], b'bytes')
        return str(created['id'])

    def worker(self, option: str, **options: Any) -> worker.Worker:
        return self.useFixture(worker.Worker(
            self.api, _RETAIN % option, brake_percent=0, **options))

    def test_deleted(self) -> None:
        """Only what nobody needs, and only if all were asked."""
        used, young = self.image('old'), self.image()
        self.cloud.servers = [{'id': 'server-1', 'image': {'id': used},
                               'name': 'x', 'tenant_id': 'p',
                               'status': 'ACTIVE'}]
        daemon = self.worker('delete_after')
        daemon.wait_for_job(used, 'delete', 'failed')
        self.assertIn('it is needed by server server-1',
                      daemon.job(used, 'delete').error)
        unused = self.image('old')
        daemon.wait_for_job(unused, 'delete')
        self.assertEqual([False, True, True], [
            self.admin.exists(one) for one in (unused, used, young)])
        # What it was stays in its history.
        story = '\n'.join(daemon.story(unused))
        self.assertIn('DESTRUCTIVE: delete the image', story)

    def test_unknown(self) -> None:
        """Nova does not answer: nothing is deleted in that run."""
        self.cloud.down = True
        first, second = self.image('old'), self.image('old')
        daemon = self.worker('delete_after', jobs=1)
        waiting.until('that is said', lambda: (
            'Nothing is deleted until all has been looked at'
            in daemon.log_text()))
        self.assertEqual([True, True], [self.admin.exists(one)
                                        for one in (first, second)])
        self.cloud.down = False
        for one in (first, second):
            daemon.wait_for_job(one, 'delete')
            self.assertFalse(self.admin.exists(one))
        self.assertIn('it is not known what needs it', str(
            daemon.story(first) + daemon.story(second)))
