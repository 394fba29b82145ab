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

"""``openstack image lifecycle duplicates plan``, ``apply`` and ``undo``.

With a Keystone, and stand-ins for Nova and Cinder.
"""

import pathlib
from typing import Any

from glance_lifecycle.reclaim.duplicates import marks
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import store_case

RUN = 'glance_lifecycle.reclaim.duplicates.applying:Applying.run'
UNDO = 'glance_lifecycle.reclaim.duplicates.undoing:undo'


class DuplicatesPlanCase(store_case.StoreCase):

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.cloud = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.identity.register('image', self.api.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')
        self.file = self.work / 'plan.json'

    def words_of(self, word: str, *argv: str) -> list[str]:
        config = [] if word == 'undo' else [
            '--config-file', str(self.api.etc / 'glance-api.conf')]
        return ['image', 'lifecycle', 'duplicates', word, *argv, *config,
                '-f', 'json']

    def duplicates(self, word: str, *argv: str, code: int = 0
                   ) -> openstack.Answer:
        answer = self.operator().spawn(*self.words_of(word, *argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def plan(self, remedy: str, *argv: str, code: int = 0
             ) -> list[dict[str, Any]]:
        """A new one in the file."""
        self.file.unlink(missing_ok=True)
        found: list[dict[str, Any]] = self.duplicates(
            'plan', '--remedy', remedy, '--out', str(self.file), *argv,
            code=code).json
        return found

    def apply(self, *argv: str, code: int = 0, word: str = 'apply'
              ) -> dict[str, tuple[str, str]]:
        """Image -> result and detail."""
        answer = self.duplicates(word, str(self.file), *argv, code=code)
        return {row['Image']: (row['Result'], row['Detail'])
                for row in answer.json}

    def results(self, *argv: Any, code: int = 0, word: str = 'apply'
                ) -> dict[str, str]:
        return {image_id: result for image_id, (result, _detail)
                in self.apply(*argv, code=code, word=word).items()}

    def killed(self, functions: tuple[str, ...], after: str, *argv: str
               ) -> int:
        """Killed before each of these calls in turn, until it has ended.

        :returns: how often it was
        """
        number = 0
        while True:
            number += 1
            answer = self.operator().fork(
                *self.words_of(*argv),
                first=points.Kill(functions, after, number)).end()
            self.check_killed()
            if answer.code != -9:
                self.assertEqual(0, answer.code, str(answer))
                return number - 1

    def check_killed(self) -> None:
        """What has to be so whenever it was killed."""

    def image(self, data: bytes = b'x' * 1000,
              user: client.Client | None = None, **fields: Any) -> str:
        user = user or self.admin
        created = user.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        user.upload(created['id'], data)
        return str(created['id'])

    def hidden(self, image_id: str) -> tuple[bool, str, str]:
        """Whether it is, by which plan, and for which image."""
        found = self.admin.get(image_id)
        return (found['os_hidden'], marks.plan_of(found),
                found.get(marks.DUPLICATE_OF, ''))

    def path(self, image_id: str, store: str = 's1') -> pathlib.Path:
        return self.api.stored_copy(image_id, store)


NOT_HIDDEN = (False, '', '')
