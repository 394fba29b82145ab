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

"""How a staged image is opened."""

import os


def open_image(path: str, directory: int | None = None) -> int:
    """Open an image for reading without following a link at its end.

    :param directory: descriptor of the directory ``path`` is relative to
    :raises OSError: as ``os.open``; ELOOP for a symbolic link
    """
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
                   | os.O_NONBLOCK, dir_fd=directory)
