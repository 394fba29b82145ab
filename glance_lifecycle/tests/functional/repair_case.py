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

"""``openstack image lifecycle repair`` on a host of a real Glance."""

from typing import Any

from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case

Row = dict[str, Any]


class RepairCase(store_case.StoreCase):

    def words_of(self, *argv: str) -> list[str]:
        return ['image', 'lifecycle', 'repair', *argv, '--config-file',
                str(self.api.etc / 'glance-api.conf'), '-f', 'json']

    def repair(self, *argv: str) -> openstack.Answer:
        answer = self.operator().spawn(*self.words_of(*argv))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def repaired(self, image_id: str, *argv: str, code: int = 0
                 ) -> dict[str, Row]:
        """Store, or what was found of the image -> its row."""
        answer = self.repair(image_id, '--yes', *argv)
        self.assertEqual(code, answer.code, str(answer))
        rows: list[Row] = answer.json
        return {row['Store'] or row['Found']: row for row in rows}

    def brief(self, rows: dict[str, Row]) -> dict[str, tuple[str, str, str]]:
        return {key: (row['Found'], row['Action'], row['Result'])
                for key, row in rows.items()}
