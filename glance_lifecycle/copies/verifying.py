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

"""Read a copy, all of it, and compare with the image's hash."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import enum
from typing import Any

from oslo_config import cfg

from glance_lifecycle.copies import looking
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs

CONF = cfg.CONF


class Result(enum.StrEnum):
    VERIFIED = 'verified'
    READ = 'read'
    CORRUPT = 'corrupt'
    MISSING = 'missing'
    UNREADABLE = 'unreadable'


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one copy.

    :ivar read: bytes that were read of the store; holes are not
    :ivar digests: algorithm -> hexadecimal digest, of what was read
    :ivar size: bytes of the copy, where all of it was read
    """

    store: str
    result: Result
    read: int | None = None
    seconds: float | None = None
    detail: str = ''
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    size: int | None = None

    @property
    def good(self) -> bool:
        return self.result is Result.VERIFIED


def check_hash(image: glance_host.StoredImage) -> None:
    """:raises ImageRefused: there is nothing to compare with"""
    if not image.os_hash_algo or not image.os_hash_value:
        raise exceptions.ImageRefused(
            reason='no-hash', detail='image %s has no os_hash_value, so '
            'nobody can tell what its bytes should be' % image.id)


def verify(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
           progress: Callable[[dict[str, Any]], None],
           paced: copy_jobs.Paced = copy_jobs.unpaced) -> Outcome:
    """Read and compare one copy, and remember when it was good.

    :param paced: how fast it may be read
    :raises ImageRefused: ``no-hash``
    """
    check_hash(image)
    return read(image, copy, progress, paced)


def read(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
         progress: Callable[[dict[str, Any]], None],
         paced: copy_jobs.Paced = copy_jobs.unpaced,
         also: Sequence[str] = ()) -> Outcome:
    """The same, also where there is no hash to compare with.

    :param also: digests to compute beside the image's own
    """
    state_dir = CONF.lifecycle.state_dir
    try:
        described = copy_jobs.describe(image, copy)
        before = copy_jobs.fingerprint(described)
        done = copy_jobs.read(image, described, [copy_jobs.NOWHERE],
                              progress, paced=paced, also=also)
    except exceptions.CopyMissing as error:
        verified.forget(state_dir, image.id, copy.store)
        return Outcome(copy.store, Result.MISSING, detail=str(error))
    except exceptions.CopyCorrupt as error:
        verified.forget(state_dir, image.id, copy.store)
        return Outcome(copy.store, Result.CORRUPT, detail=str(error))
    except (exceptions.StoreError, exceptions.TransferFailed,
            exceptions.ConfigurationError) as error:
        return Outcome(copy.store, Result.UNREADABLE, detail=str(error))
    result = Result.READ
    if image.os_hash_algo and image.os_hash_value:
        result = Result.VERIFIED
        remember(image, copy, described, before)
    return Outcome(copy.store, result, done['bytes_read'], done['seconds'],
                   digests=done['digests'], size=done['virtual_size'])


def remember(image: glance_host.StoredImage, copy: glance_host.StoredCopy,
             described: copy_jobs.Described, before: str) -> None:
    """All of it was read, and it was right.

    :param before: its fingerprint when reading began
    """
    try:
        after = copy_jobs.fingerprint(described)
    except exceptions.StoreError:
        # Dropped in the meantime: it was right, and there is none any more.
        return
    if after == before:
        verified.write(
            CONF.lifecycle.state_dir, image.id, copy.store,
            verified.now(looking.digest(image), copy.url, before))
