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
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import jobs

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
        self.identity.register('image', self.api.url)
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

    def test_not_yet(self) -> None:
        """The time counts from when there were newer ones."""
        made = self.builds(3)
        daemon = self.worker(KEPT % '1 hour')
        daemon.wait_for_sweep()
        self.assertEqual([{}] * 3, [daemon.states(one) for one in made])
        self.assertEqual([], jobs.list_jobs(daemon.database))
        self.assertEqual([True] * 3, self.there(made))


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
