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


"""What the operating system says, in the words of our exceptions."""

from collections.abc import Iterator
import contextlib
import errno
import os

from glance_lifecycle import exceptions

# RLIMIT_FSIZE and a file system's largest file both answer EFBIG.
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))

_HINTS = {
    errno.EACCES: 'check the owner and the mode of its directory',
    errno.EPERM: 'check the owner and the mode of its directory',
    errno.EROFS: 'it is mounted read-only; check its device',
    errno.EIO: 'check its device, or the server behind it',
    errno.ESTALE: 'mount it again',
    errno.ENOENT: 'its directory is missing; check that it is mounted',
    errno.ENOTDIR: 'its data directory is not a directory',
    errno.EMFILE: 'raise the limit of open files',
}


def words(error: OSError) -> str:
    """Cause and symbol, without the path that ``str(error)`` would show."""
    number = error.errno or 0
    return '%s (%s)' % (os.strerror(number),
                        errno.errorcode.get(number, number))


def store_error(store: str, doing: str,
                error: OSError) -> exceptions.StoreError:
    """The StoreError or StoreFull for a failed system call.

    :param doing: what was being done, for example ``writing the image``
    """
    detail = '%s: %s' % (doing, words(error))
    if error.errno in _FULL:
        return exceptions.StoreFull(store=store, detail=detail)
    hint = _HINTS.get(error.errno or 0)
    if hint:
        detail = '%s; %s' % (detail, hint)
    return exceptions.StoreError(store=store, detail=detail)


@contextlib.contextmanager
def translated(store: str, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into ``store_error``."""
    try:
        yield
    except OSError as error:
        raise store_error(store, doing, error) from error
