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

"""A file gets another name, in another directory, and never one that is taken.

rename(2) would replace what has the name. renameat2(2) does not, if it is told
so, and where the file system can: NFS, and many of FUSE, cannot.
"""

import ctypes
import errno
import functools
import os
from typing import Any

# linux/fs.h
_NOREPLACE = 1

# The file system, or the system, has no such call.
_NOT_HERE = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))

_NO_HARD_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS,
                            errno.EMLINK))


def move(source: int, name: str, target: int, new: str) -> None:
    """Not durable before both directories are synced.

    Whoever is killed in it may leave both names, where there is no
    renameat2(2).

    :param source: descriptor of the directory, as is ``target``
    :raises FileExistsError: the new name is taken
    :raises OSError: as rename(2) does
    """
    try:
        _renamed(source, name, target, new)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        _linked(source, name, target, new)


def is_same(one: int, name: str, other: int, second: str) -> bool:
    """Whether both names are of one file.

    :param one: descriptor of the directory, as is ``other``
    """
    try:
        return os.path.samestat(
            os.stat(name, dir_fd=one, follow_symlinks=False),
            os.stat(second, dir_fd=other, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _renamed(source: int, name: str, target: int, new: str) -> None:
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(source, os.fsencode(name), target, os.fsencode(new), _NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@functools.cache
def _renameat2() -> Any:
    """None where the C library has none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int,
                         ctypes.c_char_p, ctypes.c_uint)
    return call


def _linked(source: int, name: str, target: int, new: str) -> None:
    try:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target,
                follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        try:
            os.stat(new, dir_fd=target, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
            return
        raise FileExistsError(
            errno.EEXIST, os.strerror(errno.EEXIST)) from error
    # Not what has come to that name meanwhile.
    if is_same(source, name, target, new):
        os.unlink(name, dir_fd=source)
