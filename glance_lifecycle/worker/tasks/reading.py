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


"""What has to be read, or looked at, before a copy of an image is deleted."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Mapping
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle import exceptions
from glance_lifecycle.worker.tasks import base

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

VERIFIED, CORRUPT, MISSING = 'verified', 'corrupt', 'missing'


class Reads(base.Act):
    """An action that trusts no copy that was not read on this host."""

    def host(self, image: Mapping[str, Any]) -> facade.Copies:
        """The copies, as they are now.

        :raises ActionRefused: nobody could verify them here
        """
        host = self.cloud.copies(self.cloud.resource(image['id']))
        if host is None:
            raise exceptions.ActionRefused(
                image=image['id'], detail='copies are read and compared '
                'only on a host of glance-api, and no other is trusted. Run '
                'a worker there')
        return host

    def read_back(self, host: facade.Copies, stores: Container[str]
                  ) -> dict[str, str]:
        """Store -> what came of it: VERIFIED, CORRUPT, or MISSING.

        :raises StoreError: it could not be read
        """
        found = {}
        for copy in host.image.copies:
            if copy.store not in stores:
                continue
            self.cloud.may_act()
            outcome = host.verify(copy, self.progress,
                                  paced=self.cloud.pacing.reading_back)
            if outcome.result not in (VERIFIED, CORRUPT, MISSING):
                raise exceptions.StoreError(
                    store=copy.store, detail=base.without_store(
                        copy.store, outcome.detail))
            found[copy.store] = str(outcome.result)
        return found

    def progress(self, report: dict[str, Any]) -> None:
        self.say('%d MiB read' % (report['done'] // 2 ** 20))
