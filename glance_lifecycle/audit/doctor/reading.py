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

"""Files of a host, read within limits, whatever they are."""

import dataclasses
import os
import pathlib
import stat

# A glance-api.conf with all its comments has 250 KB.
MOST_BYTES = 2 * 1024 ** 2


@dataclasses.dataclass(frozen=True)
class Unreadable(Exception):
    """A file that is there, and cannot be used.

    :ivar reason: a sentence
    """

    path: str
    reason: str


def read(path: pathlib.Path, within: pathlib.Path | None,
         most: int = MOST_BYTES) -> bytes:
    """The bytes of a file.

    :param within: where it must be after all symbolic links, for a directory
        that others gathered; None for this host's own
    :param most: bytes that it may have
    :raises FileNotFoundError: there is none
    :raises Unreadable: it is no file, too large, elsewhere, or denied
    """
    # Most of what is looked for is not there.
    if not os.path.lexists(path):
        raise FileNotFoundError(path)
    try:
        if within is not None and not path.resolve(strict=True).is_relative_to(
                within.resolve()):
            raise Unreadable(str(path), 'It is a symbolic link to something '
                             'outside of the directory.')
        # A FIFO would wait for ever; a device may do anything.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
                     | os.O_NOCTTY)
    except FileNotFoundError:
        if path.is_symlink():
            raise Unreadable(str(path), 'It is a symbolic link to nothing.'
                             ) from None
        raise
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreadable(str(path), _reason(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Unreadable(str(path), 'It is not a file.')
        with open(fd, 'rb', closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise Unreadable(str(path), _reason(error)) from None
    finally:
        os.close(fd)
    if len(data) > most:
        raise Unreadable(str(path), 'It has more than %d KiB.' % (
            most // 1024))
    return data


def text(path: pathlib.Path, within: pathlib.Path | None) -> str:
    """The text of a file; raises as ``read()`` does."""
    data = read(path, within)
    try:
        if b'\0' in data:
            raise ValueError
        return data.decode().replace('\r\n', '\n')
    except ValueError:
        raise Unreadable(str(path), 'It is no text in UTF-8.') from None


def _reason(error: Exception) -> str:
    return 'It cannot be read: %s.' % (
        getattr(error, 'strerror', None) or 'too many symbolic links')
