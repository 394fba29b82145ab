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

"""Images that take another format, by ``migrate format``.

With a Keystone, stand-ins for Nova and Cinder, and the plugin in a Glance.
"""

import pathlib
from typing import Any

from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.reclaim.formats import plan as plans
from glance_lifecycle.reclaim.formats import proof
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import store_case

RUN = 'glance_lifecycle.reclaim.formats.running:Running.run'
SIZE = 8 * images.MIB


class FormatCase(store_case.StoreCase):
    """An image in qcow2, of 8 MiB, and what it is as raw."""

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.cloud = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], identity=self.identity, **self.options()))
        self.identity.register('image', self.api.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')
        self.demo = self.api.keystone_user('demo')
        self.file = self.work / 'plan.json'
        self.qcow2 = images.make(self.work / 'source.qcow2', size=SIZE,
                                  content=str(pathlib.Path(__file__).parent
                                              / 'fixtures'))
        self.raw = images.reference(self.qcow2, 'qcow2')

    def options(self) -> dict[str, Any]:
        """Of the Glance."""
        return {}

    def words_of(self, word: str, *argv: str) -> list[str]:
        return ['image', 'lifecycle', 'migrate', 'format', word, *argv,
                '--config-file', str(self.api.etc / 'glance-api.conf'),
                '-f', 'json']

    def migrate(self, word: str, *argv: str, code: int = 0
                ) -> openstack.Answer:
        answer = self.operator().spawn(*self.words_of(word, *argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def plan(self, *argv: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """A new one in the file; image -> its row."""
        self.file.unlink(missing_ok=True)
        answer = self.migrate('plan', *argv, '--out', str(self.file),
                              code=code)
        return {row['Image']: row for row in answer.json}

    def became(self, *argv: str, code: int = 0, word: str = 'run'
               ) -> dict[str, tuple[str, str, str]]:
        """Image -> result, the new image and detail."""
        answer = self.migrate(word, str(self.file), *argv, code=code)
        return {row['Image']: (row['Result'], row['New Image'],
                               row['Detail']) for row in answer.json}

    def image(self, user: client.Client | None = None,
              source: pathlib.Path | None = None, **fields: Any) -> str:
        """Past the import, so that it stays what it is."""
        user = user or self.admin
        created = user.create_image(**{'visibility': 'private', **fields})
        user.upload(created['id'], source or self.qcow2)
        return str(created['id'])

    def ours(self, image_id: str) -> list[client.Image]:
        """All images that say they replace this one."""
        return [one for hidden in ('true', 'false')
                for one in self.admin.list_images(
                    os_hidden=hidden, visibility='all')
                if one.get(proof.REPLACES) == image_id]

    def assert_replaced(self, old: client.Image, new_id: str,
                        *stores: str) -> None:
        """By an image that is as it was, in all that is to be carried."""
        new, now = self.admin.get(new_id), self.admin.get(old['id'])
        self.assert_in(new, *stores)
        self.assertEqual(
            {name: old.get(name) for name in (
                'name', 'owner', 'visibility', 'min_disk', 'min_ram',
                'protected', 'container_format', 'hw_disk_bus')},
            {name: new.get(name) for name in (
                'name', 'owner', 'visibility', 'min_disk', 'min_ram',
                'protected', 'container_format', 'hw_disk_bus')})
        self.assertEqual(sorted(old['tags']), sorted(new['tags']))
        self.assertEqual(('raw', False, old['id']), (
            new['disk_format'], new['os_hidden'], new[proof.REPLACES]))
        # The other has all that it had.
        plan = plans.load(self.file.read_bytes())
        self.assertEqual(
            {**old, 'os_hidden': True, marks.HIDDEN_BY: plan.id,
             'lifecycle_replaced_by': new_id, 'updated_at': ''},
            {**now, 'updated_at': ''})

    def assert_in(self, new: client.Image, *stores: str) -> None:
        self.assert_stored(self.api, new, self.raw, *stores)

    def until_ended(self, word: str, after: str,
                    functions: tuple[str, ...]) -> int:
        """Killed before each of these calls in turn; how often."""
        number = 1
        while self.killed(word, after, functions, number):
            number += 1
        return number - 1

    def killed(self, word: str, after: str, functions: tuple[str, ...],
               number: int) -> bool:
        """Whether it was; there always is an image of that name."""
        answer = self.operator().fork(
            *self.words_of(word, str(self.file), '--yes', *(
                ['--delete'] if word == 'undo' else [])),
            first=points.Kill(functions, after, number)).end()
        self.assertIn(answer.code, (0, -9), str(answer))
        self.assertTrue(self.admin.list_images(
            name='one', visibility='all'))
        return answer.code == -9
