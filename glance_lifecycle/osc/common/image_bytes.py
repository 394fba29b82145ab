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

"""Read a file or an image once, for its digests, with progress."""

from __future__ import annotations

from collections.abc import Iterable
import hashlib
import os
import stat
from typing import Any

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions
import requests
from typing import TYPE_CHECKING

from glance_lifecycle.osc.common import progress

if TYPE_CHECKING:
    from glance_lifecycle.audit import image as images
    from glance_lifecycle.audit import verification

_CHUNK = 1024 * 1024


class File:
    """A file that is read more than once, and must not change meanwhile.

    A context manager; ``file`` is open for reading.

    :raises CommandError: it cannot be opened, or is not a regular file
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # Unbuffered: chunks are large.
            self.file = open(path, 'rb', buffering=0)
        except OSError as error:
            raise osc_exceptions.CommandError(
                'Cannot open %s: %s.' % (path, error.strerror)) from None
        status = os.fstat(self.file.fileno())
        self._identity = _identity(status)
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self.file.close()
            raise osc_exceptions.CommandError(
                '%s is not a regular file.' % path)

    def __enter__(self) -> File:
        return self

    def __exit__(self, *args: object) -> None:
        self.file.close()

    def head(self, length: int) -> bytes:
        return os.pread(self.file.fileno(), length, 0)

    def digest(self, algorithm: str) -> bytes:
        """One sequential read."""
        from glance_lifecycle.transfer import digest
        shown = progress.Progress('Reading %s' % self.path, self.size)
        try:
            return digest.of_file(self.file.fileno(), algorithm, shown.at)
        finally:
            shown.end()

    def check_unchanged(self) -> None:
        """:raises CommandError: it was written or replaced meanwhile"""
        now = {_identity(os.fstat(self.file.fileno()))}
        try:
            # What is open may be whole, and no longer what the name leads to.
            now.add(_identity(os.stat(self.path)))
        except OSError:
            now.add(())
        if now != {self._identity}:
            raise osc_exceptions.CommandError(
                '%s changed while it was read. Try again when it is complete.'
                % self.path)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    # Whoever writes to a file can set its mtime back, and not its ctime.
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns,
            status.st_ctime_ns)


def of_file(path: str, algorithms: Iterable[str]) -> verification.Digests:
    """Digests of a file.

    :param algorithms: hashlib's names
    """
    from glance_lifecycle.audit import verification
    with File(path) as source:
        values = {name: source.digest(name) for name in set(algorithms)}
        source.check_unchanged()
        return verification.Digests(values, source.size)


def of_image(client: Any, image: images.Image, algorithms: Iterable[str]
             ) -> verification.Digests:
    """Digests of an image, downloaded and thrown away as it comes.

    :param client: the image proxy of an openstacksdk connection
    :raises CommandError: the download fails
    """
    from glance_lifecycle.audit import verification
    hashes = {name: hashlib.new(name, usedforsecurity=False)
              for name in set(algorithms)}
    shown = progress.Progress('Downloading %s' % image.id, image.size or 0)
    size = 0
    try:
        response = client.download_image(image.id, stream=True)
        sdk_exceptions.raise_from_response(response)
        with response:
            for chunk in response.iter_content(_CHUNK):
                for value in hashes.values():
                    value.update(chunk)
                size += len(chunk)
                shown.at(size)
    except (requests.RequestException, sdk_exceptions.SDKException) as error:
        raise osc_exceptions.CommandError(
            'The download of image %s failed after %d bytes: %s. Try again.'
            % (image.id, size, error)) from None
    finally:
        shown.end()
    return verification.Digests(
        {name: value.digest() for name, value in hashes.items()}, size)
