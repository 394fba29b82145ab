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

"""Which images raw ones are to replace, as a document."""

import dataclasses
from typing import Any

from glance_lifecycle.planning import document
from glance_lifecycle.reclaim.duplicates import plan as duplicates
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.worker.migrating import plan as moves

FORMAT = 'glance-lifecycle format plan'
VERSION = 1

#: Of a plan in a file.
MAX_BYTES = 64 * 2 ** 20

#: Images of a plan, and of those that it leaves, each.
MOST = 10_000

Left = moves.Left

_KIND = document.Kind(FORMAT, VERSION, 'migrate format plan', MAX_BYTES)


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One image.

    :ivar image: as it was
    :ivar disk_format: likewise
    :ivar virtual_size: what it takes as raw, in bytes; None if not known
    :ivar stores: that the raw one goes to; none without multi-store
    :ivar protected: as it was
    :ivar members: projects that it is shared with
    :ivar users: how many servers and volumes are made of it; None if that is
        not known
    :ivar dropped: properties that the raw one does not get
    """

    image: seen.Seen
    disk_format: str
    virtual_size: int | None
    stores: tuple[str, ...]
    protected: bool
    members: int
    users: int | None
    dropped: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Plan(document.Document):
    """All of it.

    :ivar made: when, ISO 8601
    :ivar cloud: where its Image API is: no other is touched
    :ivar where: which images were meant, as the operator said
    :ivar secret: hexadecimal digits: see ``proof``
    """

    KIND = _KIND

    made: str
    cloud: str
    where: str
    secret: str
    steps: tuple[Step, ...]
    left: tuple[Left, ...] = ()


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises ConfigurationError: it is no plan, or not as it was made
    """
    plan = Plan(**_KIND.load(data, _PLAN))
    if len({step.image.id for step in plan.steps}) < len(plan.steps):
        raise _KIND.refused('it has an image twice')
    return plan


_TEXTS = document.every(document.text)

_STEP: dict[str, document.Check] = {
    'image': duplicates.image, 'disk_format': document.text,
    'virtual_size': document.perhaps(document.count), 'stores': _TEXTS,
    'protected': document.truth, 'members': document.count,
    'users': document.perhaps(document.count), 'dropped': _TEXTS}

_LEFT: dict[str, document.Check] = {
    'id': document.text, 'name': document.text, 'why': document.text}


def _step(value: Any, name: str) -> Step:
    return Step(**document.fields(value, _STEP, name))


_PLAN: dict[str, document.Check] = {
    'made': document.text, 'cloud': document.text, 'where': document.text,
    'secret': document.text, 'steps': document.every(_step),
    'left': document.every(lambda one, name: Left(
        **document.fields(one, _LEFT, name)))}
