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

"""What two threads of a worker do, which look at images.

One looks at all of them, and at those that have changed, when that is due; the
other at those that Glance tells of.
"""

import threading
import time

from glance_lifecycle import exceptions
from glance_lifecycle.worker import hints as hinted
from glance_lifecycle.worker import monitoring as monitored
from glance_lifecycle.worker import running
from glance_lifecycle.worker import store_names
from glance_lifecycle.worker import sweeping
from glance_lifecycle.worker import sweeps
from glance_lifecycle.worker import upkeep as keeping

# Seconds between two looks at what is due.
_TURN = 1.0

# Seconds of the pause after something failed.
_PAUSE = 5.0


class Looking:
    """Of one worker.

    :param deletions: are stopped while nobody knows how images are
    :param stop: ends both, in the middle of a sweep too
    :param wake: set when there are new jobs
    """

    def __init__(self, sweeper: sweeping.Sweeper, hints: hinted.Hints,
                 deletions: running.Deletions, names: store_names.Names,
                 upkeep: keeping.Upkeep, monitoring: monitored.Monitoring,
                 stop: threading.Event, wake: threading.Event) -> None:
        self._sweeper = sweeper
        self._hints = hints
        self._deletions = deletions
        self._names = names
        self._upkeep = upkeep
        self._monitoring = monitoring
        self._stop = stop
        self._wake = wake

    def at_all(self) -> None:
        """Whenever that is due, until it stops."""
        while not self._stop.is_set():
            try:
                self._names.turn()
                what = self._sweeper.due()
                if what is not None:
                    with self._deletions.look():
                        self._sweep(what)
                    self._wake.set()
                self._upkeep.turn(self._sweeper.done.has_seen_all)
                # Those of other workers count as well: each is done once.
                self._deletions.looked(self._sweeper.done.last_good)
                if self._sweeper.done.well:
                    self._monitoring.well('sweep')
            except sweeping.Stopped:
                return
            except Exception as error:
                self._deletions.stop(str(error))
                self._monitoring.failed('sweep', error)
                monitored.say(error)
                self._stop.wait(_PAUSE)
            self._stop.wait(_TURN)

    def _sweep(self, what: sweeps.What) -> None:
        """:raises LifecycleError: it failed"""
        begun, counted = time.monotonic(), self._monitoring.metrics
        try:
            seen = self._sweeper.sweep(what)
        except exceptions.LifecycleError:
            counted.swept(what.value, time.monotonic() - begun, 0, True)
            raise
        counted.swept(what.value, time.monotonic() - begun, seen.images,
                      False)
        if what is sweeps.What.FULL and self._sweeper.catalogue:
            counted.catalogue(self._sweeper.catalogue)
        counted.observed('sweep', seen.images)
        counted.braked(seen.held)

    def at_some(self) -> None:
        """At each that Glance told of, until it stops."""
        while True:
            image_ids = self._hints.take(None)
            if self._stop.is_set():
                return
            try:
                seen = self._sweeper.look(image_ids)
                self._monitoring.metrics.observed('notification', seen.images)
                self._monitoring.metrics.braked(seen.held)
                if seen.opened:
                    self._wake.set()
            except Exception as error:
                # The sweep finds what was to be found.
                monitored.say(error)
                self._stop.wait(_PAUSE)
