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

"""``openstack image lifecycle store ...`` on a host of a real Glance."""

import json
import os
import pathlib
import subprocess
from typing import Any

import requests

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import plugin_case

Rows = dict[str, dict[str, Any]]


class StoreCase(plugin_case.PluginTestCase):
    """Helpers; ``api`` is the subclass's."""

    api: glance.GlanceApi

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.api.admin()

    def register(self, image_id: str, store: str,
                 path: str | os.PathLike[str]) -> None:
        """As Glance does at the end of an import, or of a copy."""
        self.api.sql(
            'insert into image_locations (value, meta_data, status, '
            'created_at, deleted, image_id) values ('
            f"""'file://{path}', '{{"store": "{store}"}}', 'active', """
            f"datetime('now'), 0, '{image_id}')")

    def operator(self) -> openstack.OpenStack:
        return openstack.OpenStack(self.api, 'admin', 'admin', 'admin')

    def words(self, *argv: object) -> list[str]:
        return ['image', 'lifecycle', 'store', *map(str, argv),
                '--config-file', str(self.api.etc / 'glance-api.conf')]

    def run_store(self, *argv: object, code: int = 0) -> openstack.Answer:
        """On a host of glance-api, as an administrator."""
        answer = self.operator().spawn(*self.words(*argv))
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def rows(self, *argv: object, code: int = 0) -> Rows:
        """Store -> its row."""
        answer = self.run_store(*argv, '-f', 'json', code=code)
        return self.by_store(answer)

    def by_store(self, answer: openstack.Answer) -> Rows:
        return {row['Store']: row for row in json.loads(answer.stdout)}

    def results(self, *argv: object, code: int = 0) -> dict[str, str]:
        return {store: row['Result'] for store, row in
                self.rows(*argv, code=code).items()}

    def diagnosed(self, code: int, *argv: object) -> list[dict[str, Any]]:
        """The rows of ``diagnose``."""
        answer = self.operator().spawn(
            'image', 'lifecycle', 'diagnose', '-f', 'json', *map(str, argv))
        self.assertEqual(code, answer.code, str(answer))
        rows: list[dict[str, Any]] = answer.json
        return rows

    def begin(self, *argv: object) -> subprocess.Popen[str]:
        process = self.operator().popen(*self.words(*argv))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def new_image(self, source: os.PathLike[str] | bytes,
                  disk_format: str = 'raw') -> str:
        """An active image in the default store."""
        image = self.admin.create_image(disk_format=disk_format)
        self.admin.upload(image['id'], source)
        return str(image['id'])

    def downloaded(self, image_id: str) -> bytes | None:
        """None where Glance cannot, whether or not it says so at once."""
        try:
            return self.admin.download(image_id)
        except (client.HttpError, requests.RequestException):
            return None

    def stores_of(self, image_id: str) -> list[str]:
        return sorted(self.admin.get(image_id)['stores'].split(','))

    def sparse(self, size: int = 64 * images.MIB) -> pathlib.Path:
        return images.raw(self.work / 'sparse', size)

    def corrupt(self, path: pathlib.Path, at: int = 1000) -> None:
        with path.open('r+b') as stream:
            stream.seek(at)
            byte = stream.read(1)
            stream.seek(at)
            stream.write(bytes([byte[0] ^ 1]))
