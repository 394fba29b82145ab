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

"""The mess of ``mess``, in a Glance of the tests."""

import hashlib
import os
import pathlib
import stat

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance

#: Path -> all that could have changed.
Tree = dict[str, tuple[object, ...]]


class Cloud:
    """See ``mess.Cloud``."""

    def __init__(self, user: client.Client) -> None:
        self._user = user

    def upload(self, image_id: str, data: bytes) -> None:
        self._user.create_image(id=image_id, disk_format='raw')
        self._user.upload(image_id, data)

    def delete(self, image_id: str) -> None:
        self._user.delete(image_id)


def stores(api: glance.GlanceApi) -> dict[str, pathlib.Path]:
    return {name: api.store_dir(name) for name in api.stores}


def tree(api: glance.GlanceApi) -> Tree:
    """All that lies in the stores, but for the quarantines."""
    found: Tree = {}
    for directory in stores(api).values():
        for path in directory.rglob('*'):
            status = path.lstat()
            if '.lifecycle-quarantine' in path.parts or stat.S_ISDIR(
                    status.st_mode):
                continue
            found[str(path)] = (
                status.st_ino, status.st_mode, status.st_uid, status.st_gid,
                status.st_mtime_ns, os.readlink(path) if path.is_symlink()
                else hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def differences(before: Tree, now: Tree) -> list[str]:
    """Paths of what came, went, or is not as it was."""
    return sorted(path for path in before.keys() | now.keys()
                  if before.get(path) != now.get(path))
