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

"""Bytes a second of one worker: all its jobs, those that scrub, each store."""

from collections.abc import Mapping
from collections.abc import Sequence
import time

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.transfer import pacing

LOG = logging.getLogger(__name__)

_MIB = 2 ** 20


class Pacing:
    """The limits of one worker, shared by all its jobs.

    :param rate: bytes a second that are read, all jobs together; 0: no limit
    :param scrub_rate: the same of those that only read back
    :param store_rates: store -> bytes a second, read and written
    :param clock: seconds, monotonic
    """

    def __init__(self, rate: float = 0, scrub_rate: float = 0,
                 store_rates: Mapping[str, float] | None = None,
                 clock: pacing.Clock = time.monotonic) -> None:
        self._clock = clock
        self._all = self._buckets(rate)
        self._scrub = self._buckets(scrub_rate)
        self._stores = {store: pacing.Bucket(each, clock) for store, each in (
            store_rates or {}).items()}

    @classmethod
    def of(cls, conf: cfg.ConfigOpts,
           clock: pacing.Clock = time.monotonic) -> 'Pacing':
        options = conf.lifecycle_worker
        LOG.info(
            'MiB a second at most: %(rate)d of all jobs, %(scrub)d of those '
            'that read copies back, 0 being no limit; of stores %(stores)s.',
            {'rate': options.rate, 'scrub': options.scrub_rate,
             'stores': ', '.join('%s %d' % each for each in sorted(
                 options.store_rates.items())) or 'none'})
        return cls(options.rate * _MIB, options.scrub_rate * _MIB,
                   {store: rate * _MIB
                    for store, rate in options.store_rates.items()}, clock)

    def copying(self, source: str, stores: Sequence[str]
                ) -> pacing.Pace | None:
        """Of one pass from a store to others; None if nothing limits it."""
        return self._pace(self._all, source, stores)

    def reading_back(self, source: str, stores: Sequence[str]
                     ) -> pacing.Pace | None:
        """The same of one that compares what it reads."""
        return self._pace(self._all + self._scrub, source, stores)

    def _pace(self, found: list[pacing.Bucket], source: str,
              stores: Sequence[str]) -> pacing.Pace | None:
        buckets = found + [self._stores[store]
                           for store in dict.fromkeys((source, *stores))
                           if store in self._stores]
        return pacing.Pace(buckets, self._clock) if buckets else None

    def _buckets(self, rate: float) -> list[pacing.Bucket]:
        return [pacing.Bucket(rate, self._clock)] if rate else []
