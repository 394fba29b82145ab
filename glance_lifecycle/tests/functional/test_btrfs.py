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

"""On Btrfs, all that is tested where files share blocks on XFS.

Skipped where the kernel has no Btrfs: as a module, it must have been loaded.
"""

import pathlib
import unittest

from glance_lifecycle.tests.functional import test_duplicates_share
from glance_lifecycle.tests.functional import test_hygiene_shared_blocks
from glance_lifecycle.tests.functional import test_sink_mounts
from glance_lifecycle.tests.unit.transfer.backends import helpers

MIB = 1024 ** 2


def setUpModule() -> None:
    if 'btrfs' not in pathlib.Path('/proc/filesystems').read_text().split():
        raise unittest.SkipTest('this kernel has no Btrfs')


class ShareTest(test_duplicates_share.ShareTest):

    kind = 'btrfs'


class FilesTest(test_duplicates_share.FilesTest):

    kind = 'btrfs'


class SharedBlocksTest(test_hygiene_shared_blocks.SharedBlocksTest):

    kind = 'btrfs'


class ReflinkTest(test_sink_mounts.ReflinkTest):

    kind = 'btrfs'


class SinkTest(test_sink_mounts.MountTestCase):

    def test_images(self) -> None:
        path = self.mount('btrfs', 320 * MIB)
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                helpers.store(self.sink(path), image)
                self.assertEqual(image.content, self.read(path))
                (pathlib.Path(path) / helpers.IMAGE).unlink()
