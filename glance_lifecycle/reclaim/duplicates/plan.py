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

"""What is to be done about images that are the same, as a document."""

import dataclasses
import enum
from typing import Any

from glance_lifecycle.planning import document
from glance_lifecycle.reclaim.duplicates import seen

FORMAT = 'glance-lifecycle duplicates plan'
VERSION = 1

#: Of a plan in a file.
MAX_BYTES = 64 * 2 ** 20

_KIND = document.Kind(FORMAT, VERSION, 'duplicates plan', MAX_BYTES)


class Remedy(enum.StrEnum):
    """One a plan, in the order of their reach.

    HIDE: the newer of two that nothing needs. DROP: copies that the policy
    does not want. TELL: the owners which image would do for all.
    """

    HIDE = 'hide'
    DROP = 'drop'
    TELL = 'tell'


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One image.

    :ivar group: of "duplicates list"
    :ivar same_by: what tells that it is as the other; of the group, where
        there is no other
    :ivar image: as it was
    :ivar instead: the one to use instead; None to drop
    :ivar store: of the copy to drop; else empty
    :ivar servers: how many need it; None if that is not known
    :ivar volumes: likewise
    :ivar differs: what is not the same of the two, beside the bytes
    """

    group: str
    same_by: tuple[str, ...]
    image: seen.Seen
    instead: seen.Seen | None = None
    store: str = ''
    servers: int | None = None
    volumes: int | None = None
    differs: tuple[str, ...] = ()

    @property
    def back(self) -> int:
        """Bytes that come back; of what only could, none."""
        return self.image.size if self.store else 0


@dataclasses.dataclass(frozen=True)
class Plan(document.Document):
    """All of it.

    :ivar made: when, ISO 8601
    :ivar cloud: where its Image API is: no other is touched
    :ivar policy: SHA-256 of the document that does not want the copies; empty
        for the other remedies
    :ivar any_name: images are hidden for others of another name, too
    """

    KIND = _KIND

    made: str
    cloud: str
    remedy: Remedy
    policy: str
    any_name: bool
    steps: tuple[Step, ...]


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises ConfigurationError: it is no plan, or not as it was made
    """
    plan = Plan(**_KIND.load(data, _PLAN))
    done: set[tuple[str, str]] = set()
    for step in plan.steps:
        if (plan.remedy is Remedy.DROP) is not bool(step.store) or (
                plan.remedy is Remedy.DROP) is not (step.instead is None):
            raise _KIND.refused('a step is of another remedy')
        if (step.image.id, step.store) in done:
            raise _KIND.refused('it has a step twice')
        done.add((step.image.id, step.store))
    return plan


def _remedy(value: Any, name: str) -> Remedy:
    try:
        return Remedy(document.text(value, name))
    except ValueError:
        raise document.Malformed('"%s" is no remedy' % name) from None


def image(value: Any, name: str) -> seen.Seen:
    """What ``dataclasses.asdict`` made of one."""
    return seen.Seen(**document.fields(value, _IMAGE, name))


def _image_id(value: Any, name: str) -> str:
    # It goes into a URL.
    if not seen.is_id(document.text(value, name)):
        raise document.Malformed('"%s" is no id of an image' % name)
    return str(value)


_TEXTS = document.every(document.text)

_IMAGE: dict[str, document.Check] = {
    'id': _image_id, 'name': document.text, 'project': document.text,
    'visibility': document.text, 'hidden': document.truth,
    'created': document.text, 'size': document.count,
    'algorithm': document.text, 'digest': document.text, 'stores': _TEXTS}

_STEP: dict[str, document.Check] = {
    'group': document.text, 'same_by': _TEXTS, 'image': image,
    'instead': document.perhaps(image), 'store': document.text,
    'servers': document.perhaps(document.count),
    'volumes': document.perhaps(document.count), 'differs': _TEXTS}

_PLAN: dict[str, document.Check] = {
    'made': document.text, 'cloud': document.text, 'remedy': _remedy,
    'policy': document.text, 'any_name': document.truth,
    'steps': document.every(lambda one, name: Step(
        **document.fields(one, _STEP, name)))}
