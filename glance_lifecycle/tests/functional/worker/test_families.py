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

"""Builds of the same thing, of which the last ones are kept."""

import datetime
import json
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import relay
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import uses

KEPT = """\
version: 1
rules:
  - name: builds
    match: {name: "ubuntu-*"}
    retain:
      family: {name: "(ubuntu-*)-build-*"}
      keep_last: 2
      delete_after: %s
"""
UNUSED = """\
version: 1
rules:
  - name: builds
    match: {name: "ubuntu-*"}
    retain: {delete_after: 30 days, unused_for: 90 days}
"""
DEPRECATED = """\
version: 1
rules:
  - name: builds
    match: {name: "ubuntu-*"}
    retain:
      family: {property: build_of}
      deprecate: {hidden: true}
"""


class FamilyCase(store_case.StoreCase):

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.nova = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        # The worker's way to it.
        self.relay = self.useFixture(relay.Relay(self.api.url))
        self.identity.register('image', self.relay.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')
        self.demo = self.api.keystone_user('demo')

    def build(self, number: int, user: Any = None, **fields: Any) -> str:
        user = user or self.admin
        created = user.create_image(**{
            'name': 'ubuntu-24.04-build-%d' % number, 'disk_format': 'raw',
            'visibility': 'private', **fields})
        user.upload(created['id'], b'bytes' * number)
        return str(created['id'])

    def builds(self, count: int, **fields: Any) -> list[str]:
        """The oldest first, whatever order their ids have."""
        made = []
        for number in range(1, count + 1):
            made.append(self.build(number, **fields))
            self.second_passes(made[-1])
        return made

    def second_passes(self, image_id: str) -> None:
        """Glance counts whole seconds; then ids decide what is newer."""
        created = datetime.datetime.fromisoformat(
            self.admin.get(image_id)['created_at'])
        waiting.until('the next second', lambda: (
            datetime.datetime.now(datetime.UTC) - created
            >= datetime.timedelta(seconds=1)))

    def worker(self, policy: str, **options: Any) -> worker.Worker:
        return self.useFixture(worker.Worker(
            self.api, policy, **{'brake_percent': 0, **options}))

    def there(self, image_ids: list[str]) -> list[bool]:
        return [self.admin.exists(one) for one in image_ids]


class KeepLastTest(FamilyCase):

    def test_family(self) -> None:
        """Two are kept, and what a server needs; another's counts not."""
        made = self.builds(5)
        others = [self.build(number, self.demo) for number in (7, 8)]
        server = self.nova.boot(made[2])
        daemon = self.worker(KEPT % '0 seconds')
        for image_id in made[:2]:
            daemon.wait_for_job(image_id, 'delete')
        daemon.wait_for_job(made[2], 'delete', 'failed')
        self.assertIn('needed by server %s' % server,
                      daemon.job(made[2], 'delete').error)
        daemon.wait_for_sweep()
        self.assertEqual([False, False, True, True, True], self.there(made))
        self.assertEqual([{}] * 4, [daemon.states(one) for one in (
            *made[3:], *others)])
        self.assertIn('2 newer ones', str(daemon.story(made[0])))
        # One more, and the next is of the last two no longer.
        newest = self.build(9)
        daemon.wait_for_job(made[3], 'delete')
        self.assertEqual([True, False, True], self.there(
            [made[2], made[3], made[4]]))
        self.assertTrue(self.admin.exists(newest))

    def test_newer_one_goes_meanwhile(self) -> None:
        """While it was asked what needs the first one, the last one goes."""
        made = self.builds(3)
        asked = self.nova.stop_at('/servers/detail')
        daemon = self.worker(KEPT % '0 seconds')
        asked.wait()
        self.admin.delete(made[2])
        asked.go_on()
        waiting.until('the job is over', lambda: daemon.states(
            made[0])['delete'] not in ('queued', 'running'))
        self.assertEqual('done', daemon.states(made[0])['delete'])
        self.assertIn('not needed any more', str(daemon.story(made[0])))
        daemon.wait_for_sweep()
        self.assertEqual([True, True, False], self.there(made))

    def test_shared(self) -> None:
        """Whoever has accepted it needs it."""
        made = self.builds(3, visibility='shared')
        project = self.identity.projects['demo']
        self.admin.request('POST', 'images/%s/members' % made[0],
                           json={'member': project})
        self.demo.request('PUT', 'images/%s/members/%s' % (made[0], project),
                          json={'status': 'accepted'})
        daemon = self.worker(KEPT % '0 seconds')
        daemon.wait_for_job(made[0], 'delete', 'failed')
        self.assertIn('needed by member %s' % project,
                      daemon.job(made[0], 'delete').error)
        self.assertTrue(self.admin.exists(made[0]))

    def test_plan_and_apply(self) -> None:
        """Exactly the plan; a newer one that is gone is a difference."""
        made = self.builds(4, visibility='public')
        policy = self.work / 'policy.yaml'
        policy.write_text(KEPT % '0 seconds')
        file = self.work / 'plan.json'

        def run(*argv: str) -> Any:
            return self.operator().spawn(
                'image', 'lifecycle', *argv, '--policy', str(policy), '-f',
                'json')
        plan = run('plan', '--out', str(file)).json
        self.assertEqual({*made[:2]}, {row['Image'] for row in plan})
        self.assertEqual({'DESTRUCTIVE: delete the image'},
                         {row['Action'] for row in plan})
        lines = {row['Detail'] for row in run(
            'policy', 'explain', made[0]).json if row['Section'] == 'retain'}
        self.assertIn(
            'its family is ubuntu-24.04 of project %s; 3 newer ones can be '
            'used, the newest is %s; it is not of the last 2, which do not '
            'retire' % (self.admin.get(made[0])['owner'], made[3]), lines)
        self.admin.delete(made[3])
        answer = run('apply', str(file), '--yes')
        # One is needed no more, and the other is as it was.
        results = {row['Image']: row['Result'] for row in answer.json}
        self.assertEqual({made[0]: 'done', made[1]: 'not needed any more'},
                         results)
        self.assertEqual([False, True, True, False], self.there(made))
        self.assertEqual([], run('plan').json)

    def test_not_yet(self) -> None:
        """The time counts from when there were newer ones."""
        made = self.builds(3)
        daemon = self.worker(KEPT % '1 hour')
        daemon.wait_for_sweep()
        self.assertEqual([{}] * 3, [daemon.states(one) for one in made])
        self.assertEqual([], jobs.list_jobs(daemon.database))
        self.assertEqual([True] * 3, self.there(made))


class UnusedTest(FamilyCase):

    def aged(self, image_ids: list[str]) -> None:
        """As of long ago."""
        for image_id in image_ids:
            self.api.sql("update images set created_at = '2025-01-01 "
                         "00:00:00' where id = '%s'" % image_id)

    def watched(self, daemon: worker.Worker, days: float,
                **more: object) -> None:
        """As if it had been, for so long."""
        now = datetime.datetime.now(datetime.UTC)
        marks.set(daemon.database, 'use', json.dumps({
            'since': (now - datetime.timedelta(days=days)).isoformat(),
            'last': now.isoformat(), **more}))

    def test_unused_for(self) -> None:
        unused, used, lately, shortly = made = self.builds(4)
        self.aged(made)
        self.nova.boot(used)
        volume = self.nova.make_volume(lately)
        daemon = self.worker(UNUSED)
        daemon.wait_for_sweep()
        # Old as they are: nobody has watched them for 90 days.
        self.assertEqual([], jobs.list_jobs(daemon.database))
        self.assertEqual({used, lately}, set(uses.listed(daemon.database)))
        self.nova.volumes = [each for each in self.nova.volumes
                             if each['id'] != volume]
        # Made and deleted since somebody has looked.
        self.nova.boot(shortly, status='DELETED', updated='2100')
        # Nobody looks at all of them before the policy changes.
        self.watched(daemon, 91, failed=True)
        daemon.set_policy(UNUSED + '# Looked at.\n')
        daemon.wait_for_job(unused, 'delete')
        daemon.wait_for_sweep()
        self.assertEqual([{}] * 3, [daemon.states(one) for one in made[1:]])
        self.assertEqual([False, True, True, True], self.there(made))

    def test_nova_is_down(self) -> None:
        """It is not known what is in use: nothing is deleted."""
        made = self.builds(1)
        self.aged(made)
        self.nova.down = True
        daemon = self.worker(UNUSED)
        daemon.wait_for_sweep()
        self.assertIsNone(marks.get(daemon.database, 'use'))
        self.watched(daemon, 91, failed=True)
        daemon.set_policy(UNUSED + '# Looked at.\n')
        daemon.wait_for_sweep()
        self.assertEqual([], jobs.list_jobs(daemon.database))
        self.assertTrue(self.admin.exists(made[0]))
        self.nova.down = False
        daemon.set_policy(UNUSED + '# Looked at again.\n')
        daemon.wait_for_job(made[0], 'delete')
        self.assertIn('not known which images are in use',
                      daemon.log_text())


class DeprecateTest(FamilyCase):

    def marks(self, image_id: str) -> tuple[Any, ...]:
        found = self.admin.get(image_id)
        return (found.get('lifecycle_replaced_by'),
                'lifecycle_deprecated' in found, found['os_hidden'])

    def wait_for(self, image_id: str, *wanted: Any) -> None:
        waiting.until('%s is marked so: %s' % (image_id, wanted),
                      lambda: self.marks(image_id) == wanted)

    def test_replaced(self) -> None:
        """The newest is named; when it goes, the next is."""
        first, second = self.builds(2, build_of='ubuntu')
        daemon = self.worker(DEPRECATED, full_sweep_interval=60)
        self.wait_for(first, second, True, True)
        third = self.build(3, build_of='ubuntu')
        for image_id in (first, second):
            self.wait_for(image_id, third, True, True)
        self.assertEqual((None, False, False), self.marks(third))
        self.admin.request('POST', 'images/%s/actions/deactivate' % third)
        self.wait_for(first, second, True, True)
        self.wait_for(second, None, False, False)
        self.admin.request('POST', 'images/%s/actions/reactivate' % third)
        self.wait_for(second, third, True, True)
        self.admin.delete(third)
        # Glance tells of no image that is gone: the next look at all does.
        daemon.set_policy(DEPRECATED + '# Looked at.\n')
        self.wait_for(second, None, False, False)
        self.wait_for(first, second, True, True)
        daemon.wait_for_sweep()
        daemon.wait_for_sweep()
        self.assertEqual([], jobs.list_jobs(
            daemon.database, state=jobs.OPEN))


class KillTest(FamilyCase):
    """kill -9 at the boundaries of what retires an image."""

    def kill(self, policy: str, method: str, after: bool
             ) -> tuple[worker.Worker, list[str]]:
        """The worker at its first such request; and start it again."""
        self.relay.stop_at(lambda found, _path, done: (
            found == method and done is after))
        made = self.builds(2, build_of='ubuntu')
        daemon = self.worker(policy)
        self.relay.wait()
        daemon.kill()
        self.relay.go_on()
        self.assertEqual(['running'], list(daemon.states(made[0]).values()))
        daemon.start()
        return daemon, made

    def assert_once(self, daemon: worker.Worker, image_id: str, purpose: str,
                    method: str) -> None:
        daemon.wait_for_job(image_id, purpose)
        self.assertEqual(2, daemon.job(image_id, purpose).attempts)
        daemon.wait_for_sweep()
        self.assertEqual([method], [done for done, _path in self.relay.done
                                    if done != 'GET'])
        self.assertEqual([], jobs.list_jobs(daemon.database,
                                            state=jobs.OPEN))

    def _deleted(self, after: bool) -> None:
        policy = (KEPT % '0 seconds').replace('last: 2', 'last: 1')
        daemon, made = self.kill(policy, 'DELETE', after)
        self.assert_once(daemon, made[0], 'delete', 'DELETE')
        self.assertEqual([False, True], self.there(made))

    def _marked(self, after: bool) -> None:
        daemon, made = self.kill(DEPRECATED, 'PATCH', after)
        self.assert_once(daemon, made[0], 'update', 'PATCH')
        found = self.admin.get(made[0])
        self.assertEqual((made[1], True), (
            found['lifecycle_replaced_by'], found['os_hidden']))

    def test_before_it_is_deleted(self) -> None:
        self._deleted(False)

    def test_after_it_is_deleted(self) -> None:
        self._deleted(True)

    def test_before_it_is_marked(self) -> None:
        self._marked(False)

    def test_after_it_is_marked(self) -> None:
        self._marked(True)

    def test_while_it_asks(self) -> None:
        """Nothing was done; and then it is, once."""
        asked = self.nova.stop_at('/servers/detail')
        made = self.builds(3)
        daemon = self.worker(KEPT % '0 seconds')
        asked.wait()
        daemon.kill()
        asked.go_on()
        self.assertEqual([True] * 3, self.there(made))
        daemon.start()
        self.assert_once(daemon, made[0], 'delete', 'DELETE')
        self.assertEqual([False, True, True], self.there(made))
