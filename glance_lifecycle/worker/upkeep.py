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


"""What of a host only a worker on it can do, whoever looks at the images.

Of several workers the one that is first looks at all images. What imports and
images that are gone have left on a host is its own worker's.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import time
from typing import Any
from typing import TYPE_CHECKING

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.worker import cleaning
from glance_lifecycle.worker.database import history

if TYPE_CHECKING:
    from glance_lifecycle.worker.database import engine

LOG = logging.getLogger(__name__)


class Upkeep:
    """Does what is due, and writes down what it did.

    :param actor: as which
    :param recover: see ``worker.host.Host``
    :param cleaner: makes one; None where there is nothing to clean
    :param recover_interval: seconds between two recoveries
    :param clean_interval: seconds between two cleanings that went well
    :param stopped: whether to do no more
    """

    def __init__(self, database: engine.Database, actor: str,
                 recover: Callable[[], Iterable[Any] | None],
                 cleaner: Callable[[], cleaning.Cleaner] | None, *,
                 recover_interval: float, clean_interval: float,
                 stopped: Callable[[], bool]) -> None:
        self._database = database
        self._actor = actor
        self._recover = recover
        self._cleaner = cleaner
        self._recover_interval = recover_interval
        self._clean_interval = clean_interval
        self._stopped = stopped
        self._recover_at = self._clean_at = 0.0

    def turn(self, seen_all: bool) -> None:
        """Do what is due.

        :param seen_all: whether a look at all images has met some
        :raises LifecycleError: the database cannot be asked
        """
        now = time.monotonic()
        if now >= self._recover_at:
            self._recover_at = now + self._recover_interval
            self.recovered(self._recover())
        # After it: what an import has left may be undone by now.
        if self._cleaner and now >= self._clean_at and seen_all:
            # Not at once again, whatever happens.
            self._clean_at = now + self._recover_interval
            try:
                self._clean(self._cleaner())
            except (exceptions.LifecycleError, OSError) as error:
                # What is left is left until then.
                LOG.warning('Not all could be removed that images have left '
                            'on this host: %s', _said(error))
            else:
                self._clean_at = now + self._clean_interval

    def recovered(self, plans: Iterable[Any] | None) -> None:
        """Write down what became of journals.

        :param plans: ``recovery.plan.Plan`` of each
        """
        for plan in plans or ():
            LOG.warning('%s: %s', 'Recovered' if plan.finished
                        else 'Not all recovered', plan.text)
            if plan.failed or (plan.again_in and not plan.undo):
                # Nothing was done, and the next look is not far.
                continue
            self._record(plan.image_id, 'recovered', plan.text)

    def _clean(self, cleaner: cleaning.Cleaner) -> None:
        for removed in cleaner.clean():
            text = cleaning.said(removed, act=cleaner.act)
            LOG.info('%s: %s', removed.image_id, text)
            if cleaner.act:
                self._record(removed.image_id, 'cleaned', text)
            if self._stopped():
                return

    def _record(self, image_id: str, event: str, text: str) -> None:
        history.record(self._database, image_id=image_id, event=event,
                       text=exceptions.sentence(text), actor=self._actor)


def _said(error: Exception) -> str:
    return (error.for_operator()
            if isinstance(error, exceptions.LifecycleError) else str(error))
