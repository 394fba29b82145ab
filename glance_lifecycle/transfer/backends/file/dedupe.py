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

"""Files that are equal come to share their blocks: FIDEDUPERANGE.

The kernel locks both files, compares the bytes, and only then lets the one
have the blocks of the other, see ioctl_fideduperange(2): whatever this process
believes or does, no byte of any file can change. XFS and Btrfs can; what a
target says of itself, such as its times, stays.
"""

from collections.abc import Sequence
import enum
import errno
import fcntl
import struct
from typing import NamedTuple

#: Bytes of one call: Btrfs takes no more.
MOST = 16 * 1024 ** 2

#: Targets of one call: its argument is no longer than a page.
AT_ONCE = 127

# linux/fs.h: _IOWR(0x94, 54, struct file_dedupe_range), the struct, and one
# struct file_dedupe_range_info.
_FIDEDUPERANGE = 0xc0189436
_HEADER = struct.Struct('=QQHHI')
_INFO = struct.Struct('=qQQiI')
_SAME, _DIFFERS = 0, 1

_CANNOT = frozenset((errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS))


class Result(enum.Enum):
    """SHARED: the first ones of the bytes, at least one block."""

    SHARED = 'shared'
    DIFFERS = 'differs'
    FAILED = 'failed'


class Answer(NamedTuple):
    """What came of one target.

    :ivar length: bytes that are shared now, maybe fewer than were asked for
    :ivar error: of errno, if it failed
    """

    result: Result
    length: int = 0
    error: int = 0


def share(source_fd: int, target_fds: Sequence[int], offset: int,
          length: int) -> list[Answer]:
    """Have the targets share a range of the source, where it is the same.

    :param target_fds: AT_ONCE at most; open for writing, or for reading by
        the owner of the file or by root
    :param offset: of the range in each of the files; of a whole block
    :param length: MOST at most; of whole blocks, or to the end of the files
    :returns: an answer for each target
    :raises OSError: none of it can be done
    """
    return [_answer(length, *one) for one in _call(
        source_fd, target_fds, offset, offset, length)]


def check(source_fd: int, target_fd: int) -> None:
    """Whether the two could share blocks at all; nothing is shared by it.

    :raises OSError: EOPNOTSUPP: the file system cannot; EXDEV: it is not the
        same one; EPERM: the target is another user's; EROFS
    """
    # Of a range that is no whole block: refused, but only by those that can.
    ((_length, status),) = _call(source_fd, [target_fd], 0, 1, 1)
    if status not in (_SAME, _DIFFERS, -errno.EINVAL):
        raise OSError(-status, 'FIDEDUPERANGE')


def cannot(error: OSError) -> bool:
    """Whether it says that the file system has no such thing."""
    return error.errno in _CANNOT


def _call(source_fd: int, target_fds: Sequence[int], offset: int,
          target_offset: int, length: int) -> list[tuple[int, int]]:
    """Bytes and status of each."""
    buffer = bytearray(_HEADER.pack(offset, length, len(target_fds), 0, 0))
    for fd in target_fds:
        buffer += _INFO.pack(fd, target_offset, 0, 0, 0)
    fcntl.ioctl(source_fd, _FIDEDUPERANGE, buffer, True)
    return [_INFO.unpack_from(buffer, _HEADER.size + number * _INFO.size)[2:4]
            for number in range(len(target_fds))]


def _answer(asked: int, length: int, status: int) -> Answer:
    if status == _DIFFERS:
        return Answer(Result.DIFFERS)
    if status == _SAME and length > 0:
        return Answer(Result.SHARED, min(length, asked))
    # Without a block that it could share, it would be asked for ever.
    return Answer(Result.FAILED, 0, -status if status < 0 else errno.EINVAL)
