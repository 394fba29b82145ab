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

from collections.abc import Mapping
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle import exceptions
from glance_lifecycle.worker.tasks import base

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

VERIFIED = 'verified'
_WRONG = ('corrupt', 'missing')


class Reads(base.Act):
    """An action that trusts no copy that was not read on this host."""

    def host(self, image: Mapping[str, Any]) -> facade.Copies:
        """The copies, as they are now.

        :raises ActionRefused: nobody could verify them here
        """
        host = self.cloud.copies(self.cloud.resource(image['id']))
        if host is None:
            raise exceptions.ActionRefused(
                image=image['id'], detail='copies are compared only by a '
                'worker on a host of glance-api, and nothing else is trusted '
                'before the other copy is deleted')
        return host

    def read_back(self, host: facade.Copies, store: str) -> str:
        """What came of it; '' if there is no copy.

        :raises StoreError: it could not be read
        """
        for copy in host.image.copies:
            if copy.store == store:
                self.cloud.may_act()
                outcome = host.verify(copy, self.progress,
                                      paced=self.cloud.pacing.reading_back)
                if outcome.result not in (VERIFIED, *_WRONG):
                    raise exceptions.StoreError(
                        store=store, detail=base.without_store(
                            store, outcome.detail))
                return str(outcome.result)
        return ''

    def progress(self, report: dict[str, Any]) -> None:
        self.say('%d MiB read' % (report['done'] // 2 ** 20))
