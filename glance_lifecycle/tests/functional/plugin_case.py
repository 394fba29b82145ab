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

"""Tests of the import plugin inside a real Glance."""

from collections.abc import Mapping
from collections.abc import Sequence
import json
import os
import pathlib
import subprocess
from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import details
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer

ALL = ('s1', 's2', 's3')


class PluginTestCase(base.FunctionalTestCase):
    """Helpers for any number of glance-apis with our plugin."""

    def new_api(self, conf: Mapping[str, Mapping[str, object]] | None = None,
                plugins: Sequence[str] = ('lifecycle',),
                **options: Any) -> glance.GlanceApi:
        return self.useFixture(glance.GlanceApi(
            plugins=plugins, conf=conf, **options))

    def staged(self, user: client.Client,
               source: os.PathLike[str] | bytes, disk_format: str = 'qcow2',
               **properties: Any) -> str:
        """A new image with its data staged; its id."""
        image = user.create_image(disk_format=disk_format, **properties)
        user.stage(image['id'], source)
        return str(image['id'])

    def noise(self, size: int = 64 * images.MIB,
              name: str = 'noise') -> pathlib.Path:
        """A raw image of data, none of it zero: a transfer that takes time.
        """
        path = self.work / name
        block = os.urandom(images.MIB)
        with path.open('wb') as handle:
            for number in range(size // images.MIB):
                handle.write(number.to_bytes(8) + block[8:])
        return path

    def message(self, user: client.Client, image_id: str) -> str:
        return str(user.tasks(image_id)[0]['message'])

    def assert_nothing_left(self, api: glance.GlanceApi,
                            *keep: str) -> None:
        """No file but the stored copies of ``keep``, and no process.

        Journals go a moment after the task has ended.
        """
        try:
            transfer.until('nothing is left',
                           lambda: not api.leftovers(*keep))
        except TimeoutError:
            self.assertEqual([], api.leftovers(*keep))

    def assert_lists(self, image: client.Image, *,
                     failed: Sequence[str] = ()) -> None:
        """No lock, nothing being imported, and these stores failed."""
        self.assertNotIn('os_glance_import_task', image)
        self.assertEqual('', image.get('os_glance_importing_to_stores', ''))
        listed = image.get('os_glance_failed_import', '')
        self.assertEqual(sorted(failed),
                         sorted(filter(None, listed.split(','))))

    def recover(self, api: glance.GlanceApi,
                *options: str) -> list[dict[str, Any]]:
        """``glance-lifecycle-manage recover``: the plans it carried out."""
        result = api.run('glance-lifecycle-manage', 'recover', '--format',
                         'json', *options)
        self.assertEqual(0, result.returncode, result.stderr)
        plans: list[dict[str, Any]] = json.loads(result.stdout)
        return plans


class SharedApiTestCase(PluginTestCase):
    """All tests of the class use one glance-api; starting it takes 3 s."""

    conf: Mapping[str, Mapping[str, object]] = {}
    options: Mapping[str, Any] = {}
    api: glance.GlanceApi

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.api = glance.GlanceApi(plugins=['lifecycle'], conf=cls.conf,
                                   **cls.options)
        cls.api.setUp()
        cls.addClassCleanup(cls.api.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        self.user = self.api.user()
        start = len(self.api.log_text())
        self.addDetail('glance-api.log', details.log(
            lambda: self.api.log_text()[start:]))

    def import_one(self, source: os.PathLike[str] | bytes,
                   disk_format: str = 'qcow2', **options: Any
                   ) -> client.Image:
        """Create, stage, import, wait; the image as it is then."""
        image_id = self.staged(self.user, source, disk_format)
        self.user.import_image(image_id, **options)
        return self.user.wait_import(image_id)

    def assert_refused(self, source: os.PathLike[str] | bytes,
                       disk_format: str, reason: str,
                       **properties: Any) -> client.Image:
        """The import fails for that reason, and the image is as new.

        Nothing is left, and the same image can be staged and imported anew.
        """
        image_id = self.staged(self.user, source, disk_format, **properties)
        self.user.import_image(image_id)
        image = self.user.wait_import(image_id)
        message = self.message(self.user, image['id'])
        self.assertIn(f'Image refused ({reason}): ', message)
        self.assertNotIn(str(self.api.base), message)
        self.assertEqual('failure',
                         self.user.tasks(image['id'])[0]['status'])
        self.assertEqual(('queued', disk_format),
                         (image['status'], image['disk_format']))
        self.assert_lists(image, failed=['s1'])
        self.assert_nothing_left(self.api, *self.others(image['id']))
        return image

    def others(self, image_id: str) -> list[str]:
        """Images of other tests, which their stored copies belong to."""
        return [image['id'] for image in self.api.admin().list_images(
            limit='1000', visibility='all') if image['id'] != image_id]


def qemu_img(*argv: object) -> None:
    subprocess.run(['qemu-img', *map(str, argv)], check=True,
                   capture_output=True)


def truncated(source: pathlib.Path, by: int) -> pathlib.Path:
    os.truncate(source, source.stat().st_size - by)
    return source
