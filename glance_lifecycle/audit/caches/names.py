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

"""What a name in Nova's directory of cached images says.

As nova.virt.libvirt.imagecache of Nova 34 (2026.2) reads them, and 32
(2025.2) likewise: what it does not know it never removes.
"""

from collections.abc import Iterable
import enum
import hashlib
import re

_DIGEST = 40
_HEX = re.compile(r'[0-9a-f]{40}')
_SWAP = re.compile(r'swap_\d+', re.ASCII)
_EPHEMERAL = re.compile(r'ephemeral_\d+_[^_]{7}', re.ASCII | re.DOTALL)


class Kind(enum.StrEnum):
    """What a cached file is.

    ORIGINAL: an image as Nova fetched it, raw unless force_raw_images is off.
    RESIZED: one that a Nova of long ago made larger. SWAP, EPHEMERAL: empty
    disks of one size. UNFINISHED: what a fetch writes before it is whole.
    """

    ORIGINAL = 'original'
    RESIZED = 'resized'
    SWAP = 'swap'
    EPHEMERAL = 'ephemeral'
    UNFINISHED = 'unfinished'
    OTHER = 'other'


def kind(name: str) -> Kind:
    """What Nova takes a name for.

    By the length alone, as Nova does: any other 40 characters are pruned as
    an image that nobody knows.
    """
    if len(name) == _DIGEST:
        return Kind.ORIGINAL
    if len(name) > _DIGEST + 2 and name[_DIGEST] == '_':
        return Kind.RESIZED
    if _SWAP.fullmatch(name):
        return Kind.SWAP
    if _EPHEMERAL.fullmatch(name):
        return Kind.EPHEMERAL
    if name[_DIGEST:] in ('.part', '.converted') and _HEX.match(name):
        return Kind.UNFINISHED
    return Kind.OTHER


def digest(name: str) -> str:
    """The part of a name that an image has; empty if it has none."""
    found = _HEX.match(name)
    return found[0] if found and name[_DIGEST:_DIGEST + 1] in (
        '', '_', '.') else ''


def of_images(ids: Iterable[str]) -> dict[str, str]:
    """Digest -> id, as Nova names the files of images."""
    return {hashlib.sha1(  # noqa: S324 - the name, not a proof
        one.encode('utf-8', 'surrogateescape')).hexdigest(): one
        for one in ids}
