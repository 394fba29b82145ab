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

"""A copy in a store of glance_store's filesystem driver."""

from collections.abc import Iterator
import os
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer.formats import raw
from glance_lifecycle.transfer import opening

_SCHEMES = ('file://', 'filesystem://')


class StoredFile(stored.StoredSource):
    """A regular file in one of the store's data directories.

    :param directory: as the store's options have it
    :param name: of the file in it; no link is followed
    """

    def __init__(self, fd: int = -1, *, store: str, directory: str,
                 name: str, size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self._file = self._open(directory, name)
        try:
            self.virtual_size = self._file.virtual_size
            self.check_size()
        except BaseException:
            self.close()
            raise

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        path = _path(url)
        directory, name = os.path.split(path)
        for known, _priority in file_options.describe(
                conf, store)['datadirs']:
            if os.path.normpath(known) == os.path.normpath(directory):
                try:
                    datadir.check_name(name)
                except ValueError:
                    break
                return {'store': store, 'directory': known, 'name': name,
                        'size': size}
        raise stored.not_of(store)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        # And the directory: a copy made anew has the name of the old one.
        return confine.Reach(read=(options['directory'],))

    def extents(self) -> Iterator[extents.Extent]:
        try:
            yield from self._file.extents()
        except (exceptions.SourceError, exceptions.ImageRefused) as error:
            raise self._translated(error) from error

    def read_into(self, offset: int, buffer: memoryview) -> None:
        try:
            self._file.read_into(offset, buffer)
        except (exceptions.SourceError, exceptions.ImageRefused) as error:
            raise self._translated(error) from error

    @property
    def bytes_read(self) -> int:
        return self._file.bytes_read

    @property
    def fingerprint(self) -> str:
        return stored.file_fingerprint(os.fstat(self._fd))

    def close(self) -> None:
        self._file.close()

    def _open(self, directory: str, name: str) -> raw.RawSource:
        doing = 'opening the copy'
        try:
            where = datadir.Datadir(directory)
        except OSError as error:
            raise errors.store_error(self.store, doing, error) from error
        try:
            # Not more than a number: the source owns it.
            self._fd = opening.open_image(name, where.fd)
            return raw.RawSource(self._fd)
        except FileNotFoundError as error:
            raise self.missing('the file') from error
        except OSError as error:
            raise errors.store_error(self.store, doing, error) from error
        except exceptions.SourceError as error:
            raise self._translated(error) from error
        finally:
            where.close()

    def _translated(self, error: exceptions.LifecycleError
                    ) -> exceptions.StoreError:
        if isinstance(error, exceptions.ImageRefused):
            # The words for staged files would send the reader elsewhere.
            return exceptions.CopyCorrupt(
                store=self.store, detail='the file changed while it was '
                'read (%s)' % error.reason)
        return self.failed('reading the copy', str(error.fields['detail']))


def _path(url: str) -> str:
    # As the driver, which does not unquote.
    for scheme in _SCHEMES:
        if url.startswith(scheme):
            return url.removeprefix(scheme)
    return ''
