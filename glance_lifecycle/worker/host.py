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

"""What a worker can do only where there is a glance-api."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
from typing import Any

from glance_lifecycle.worker import cleaning
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import hygiene as looks
from glance_lifecycle.worker import scrubbing


def nothing(*_any: object) -> Any:
    """There is no Glance here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """What can be done on a host of glance-api only.

    :ivar copies: see ``worker.cloud.Cloud``
    :ivar recover: undo the imports and copies that died here, and yield
        a ``recovery.plan.Plan`` of each
    :ivar last_verified: see ``worker.scrubbing``
    :ivar importer: a runner of the imports that glance-api hands over, made
        with the arguments of ``running.Runner``
    :ivar recover_imports: ``recover`` for those that were handed over
    :ivar places: see ``worker.cleaning``
    :ivar hygiene: see ``worker.hygiene``
    """

    copies: Callable[[Any], Any] = nothing
    recover: Callable[[], Iterable[Any] | None] = nothing
    last_verified: scrubbing.LastVerified | None = None
    importer: Callable[..., dispatching.Runs] | None = None
    recover_imports: Callable[[], Iterable[Any] | None] = nothing
    places: Callable[[], cleaning.Places] | None = None
    hygiene: looks.Runs | None = None
