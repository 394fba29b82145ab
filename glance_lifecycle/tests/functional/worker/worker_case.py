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

"""A worker beside a real Glance, and helpers."""

import pathlib
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case

POLICY = """\
version: 1
rules:
  - name: golden
    match: {project: admin, name: "golden-*"}
    place: {stores: [s1, s2]}
    protect: {protected: true}
"""


class WorkerCase(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def worker(self, policy: str = POLICY, **options: Any) -> worker.Worker:
        return self.useFixture(worker.Worker(self.api, policy, **options))

    def image(self, source: pathlib.Path | bytes = b'bytes' * 1000,
              **fields: Any) -> str:
        created = self.admin.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        self.admin.upload(created['id'], source)
        return str(created['id'])
