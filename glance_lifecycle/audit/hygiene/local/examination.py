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

"""One look at what lies on the disks of this host beside the stores."""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions


class Examination:
    """See ``audit.hygiene.examination.Examination``.

    :ivar totals: name of a place -> what is there, and what was found;
        complete when ``items`` has ended
    """

    def __init__(self, host: place.Host, places: Sequence[place.Place],
                 times: judging.Times) -> None:
        self._host = host
        self._places = places
        self._times = times
        self.totals: dict[str, examination.Totals] = {}

    def items(self) -> Iterator[wording.Item]:
        """All that is found.

        :raises LifecycleError: the database cannot be read
        """
        for one in self._places:
            totals = self.totals.setdefault(one.name, examination.Totals())
            for item in self._of(one, totals):
                totals.add(item)
                yield item

    def _of(self, one: place.Place, totals: examination.Totals
            ) -> Iterator[wording.Item]:
        try:
            yield from one.items(self._host, self._times, totals)
        except exceptions.ConfigurationError as error:
            yield found.not_listed(one.name, one.path, exceptions.sentence(
                error.for_operator()))
        except OSError as error:
            yield found.not_listed(one.name, one.path, exceptions.sentence(
                'It cannot be listed: %s' % error.strerror))
