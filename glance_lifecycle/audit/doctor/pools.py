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
"""Checks of what Ceph says of the pool of a store."""

import abc
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


@dataclasses.dataclass(frozen=True)
class Told:
    """What is wrong with a pool.

    :ivar severity: None for that of the check
    """

    evidence: str
    remedy: str
    severity: finding.Severity | None = None
    destructive: bool = False


class PoolCheck(check.LiveCheck):
    """One of each pool, on the host by whose files it was asked."""

    @abc.abstractmethod
    def pool(self, pool: lives.Pool) -> Told | None:
        """What is wrong with it, if something is."""

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for pool in live.pools:
            told = self.pool(pool)
            if told is None:
                continue
            on = [one for one in found if one.name == pool.host]
            yield self.found(
                on, 'store %s' % masking.name(pool.store), told.evidence,
                told.remedy, *(one.setting(pool.store, 'rbd_store_pool')
                               for one in on),
                severity=told.severity, destructive=told.destructive)


def user(pool: lives.Pool) -> str:
    """As Ceph calls it."""
    return 'client.%s' % masking.name(pool.user or 'admin')


def caps(pool: lives.Pool) -> str:
    """What the user of a store of images should be able to do."""
    return "mon 'profile rbd' osd 'profile rbd pool=%s'" % masking.name(
        pool.pool)
