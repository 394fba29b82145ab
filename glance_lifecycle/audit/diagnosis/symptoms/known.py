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

"""What is known of the cloud while a symptom is followed.

Nothing is looked up here but in files that were read already. What is not
known is None, and a value that a report has taken away is not known.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import TypeVar

from glance_lifecycle.audit.caches import glance_advice
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import host as glances
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service as others
from glance_lifecycle.audit import finding

_T = TypeVar('_T')


@dataclasses.dataclass(frozen=True)
class Known:
    """All of it.

    :ivar image: None: none was named
    :ivar resource: the same, as the Image API shows it
    :ivar kinds: store -> driver; None where the user may not know
    :ivar stores: of the cloud; None where it has no names for them
    :ivar hosts: of glance-api, whose files were named
    :ivar services: of Nova and Cinder likewise
    :ivar live: what the services said; None: they were not asked
    :ivar cache: Glance's; None: it was not asked for
    """

    image: facts.Facts | None = None
    resource: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kinds: Mapping[str, str] | None = None
    stores: tuple[str, ...] | None = None
    hosts: Sequence[glances.Host] = ()
    services: Sequence[others.Service] = ()
    live: lives.Live | None = None
    cache: glance_advice.Seen | None = None

    def of(self, kind: str) -> Iterator[others.Service]:
        """Services of Nova, or of Cinder."""
        return (one for one in self.services if one.kind == kind)

    def drivers(self) -> Mapping[str, str] | None:
        """Store -> driver, as far as anything tells."""
        if self.kinds:
            return self.kinds
        found = {store: driver for host in self.hosts
                 for store, driver in host.stores.items()}
        return found or None

    def checked(self, codes: Collection[str]) -> list[finding.Finding]:
        """What checks of the doctor find, the worst first."""
        kinds = [one for one in check.load_all() if one.code in codes]
        return list(examination.examine(
            self.hosts, kinds, self.live).findings)


def maybe(look: Callable[..., _T], *of: Any) -> _T | None:
    """None where a report has taken the value away."""
    try:
        return look(*of)
    except masking.Hidden:
        return None
