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


"""``openstack image lifecycle hygiene list`` on a host of a real Glance."""

import collections
from collections.abc import Iterable
import json
from typing import Any
import uuid

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case

Row = dict[str, Any]

#: An image that no Glance has ever had.
STRANGER = '0f0e0d0c-0b0a-4908-8706-050403020100'


class HygieneCase(store_case.StoreCase):

    #: So that nothing that a test makes is too young to be judged.
    at_once: Iterable[str] = ('--grace', '0')

    def setUp(self) -> None:
        self.api = self.new_glance()
        super().setUp()

    def new_glance(self) -> glance.GlanceApi:
        """One with the stores that are listed."""
        return self.useFixture(glance.GlanceApi())

    def hygiene(self, *argv: str) -> openstack.Answer:
        answer = self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'list', *argv, '--config-file',
            str(self.api.etc / 'glance-api.conf'), '-f', 'json')
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def found(self, *argv: str, code: int) -> list[Row]:
        """What is found at once; the command's exit code is checked."""
        answer = self.hygiene(*self.at_once, *argv)
        self.assertEqual(code, answer.code, str(answer))
        rows: list[Row] = json.loads(answer.stdout)
        return rows

    def about(self, rows: list[Row]) -> dict[str, list[str]]:
        """Code -> images."""
        found = collections.defaultdict(list)
        for row in rows:
            found[row['Code']].append(row['Image'])
        return {code: sorted(images) for code, images in found.items()}

    def only(self, rows: list[Row], code: str) -> Row:
        found = [row for row in rows if row['Code'] == code]
        self.assertEqual(1, len(found), str(rows))
        return found[0]

    def new_images(self, number: int = 3) -> list[str]:
        return [self.new_image(b'%d' % one * 1000) for one in range(number)]

    def forget(self, image_id: str) -> None:
        """As ``glance-manage db purge`` does with what is long deleted."""
        for table in ('image_locations', 'image_properties', 'image_tags'):
            self.api.sql(f"delete from {table} where image_id = '{image_id}'")
        self.api.sql(f"delete from images where id = '{image_id}'")


def new_id() -> str:
    return str(uuid.uuid4())


def drop(api: glance.GlanceApi, image_id: str) -> None:
    """Glance has it deleted, and the store does not hear of it."""
    api.sql("update images set status = 'deleted', deleted = 1, "
            f"deleted_at = updated_at where id = '{image_id}'")
    api.sql("update image_locations set deleted = 1, status = 'deleted' "
            f"where image_id = '{image_id}'")
