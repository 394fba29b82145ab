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

"""What root makes in ``state_dir``, for the worker that is not root."""

import os
import pathlib


def owner(path: pathlib.Path) -> tuple[int, int]:
    """Whose a new file is: "db sync" is run by root, the worker is not.

    :returns: for ``os.chown``: who has the directory above it
    """
    if os.geteuid():
        return -1, -1
    above = path.parent.stat()
    return above.st_uid, above.st_gid


def make_directory(path: pathlib.Path) -> None:
    """For its owner only; one that is there stays as it is.

    :raises OSError: it cannot be made
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    # Whoever has the directory above may have put a link there by now.
    os.chown(path, *owner(path), follow_symlinks=False)
