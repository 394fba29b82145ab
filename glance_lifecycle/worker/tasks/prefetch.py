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

"""Images fetched to where they are needed next."""

from collections.abc import Mapping
from typing import Any
from typing import ClassVar

from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.tasks import base


class Prefetch(base.Act):
    """Into the caches of the image service, each of which does it itself."""

    kind: ClassVar[str] = actions.PREFETCH

    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        for node in action.arguments['caches']:
            self.say('fetched by %s' % node)
            self.cloud.prefetch(image['id'], node)
        return {'caches': list(action.arguments['caches'])}
