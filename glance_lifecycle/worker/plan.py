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

"""What many images need, as a document: made, shown, kept, compared.

JSON, so that it can be looked at, cut down to some of its actions, and
carried out later: exactly that, or nothing.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import json
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker import estimating
from glance_lifecycle.worker import reconcile

SCHEMA = 1

#: of a plan in a file; one of 100,000 images is below 100 MB
MAX_BYTES = 256 * 2 ** 20


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """Of the actions that have something in common.

    :ivar by: what it is: ``action``, ``rule`` or ``store``
    :ivar size: bytes that are written or freed
    :ivar seconds: that they take, one after another; None where that is not
        known of all of them
    """

    by: str
    name: str
    images: int
    actions: int
    size: int
    seconds: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Actions, in the order in which they are done.

    :ivar made: when, ISO 8601
    :ivar policy: SHA-256 of the document that wants them
    :ivar images: how many were looked at
    :ivar left: what no action mends
    """

    made: str
    policy: str
    images: int
    actions: tuple[actions.Action, ...]
    left: tuple[reconcile.Left, ...] = ()

    def totals(self, speeds: estimating.Speeds) -> Iterator[Total]:
        """By action, by rule and by store."""
        for by, names in (('action', lambda each: (each.kind,)),
                          ('rule', lambda each: each.rules),
                          ('store', lambda each: each.stores)):
            yield from _totals(by, names, self.actions, speeds)

    def to_json(self) -> str:
        return json.dumps({
            'schema': SCHEMA, 'made': self.made, 'policy': self.policy,
            'images': self.images,
            'actions': [each.to_dict() for each in self.actions]}, indent=1)


def make(images: Iterable[clouds.Image], cloud: clouds.Cloud,
         policy: decision.Policy) -> Plan:
    """What these images need now; no more than one of them is held.

    :raises ServiceError: the Image API cannot be asked
    """
    now = datetime.datetime.now(datetime.UTC)
    wanted: list[actions.Action] = []
    left: list[reconcile.Left] = []
    count = 0
    see = cloud.families(policy, now).view
    for image in images:
        needs = cloud.needs(image, policy, now, see)
        wanted += needs.actions
        left += needs.left
        count += 1
    return Plan(now.isoformat(timespec='seconds'), policy.digest, count,
                tuple(wanted), tuple(left))


def load(data: bytes) -> Plan:
    """What ``to_json`` made; of hostile bytes, as well.

    Only what it names is looked at: what is done is what the image is found
    to need then.

    :param data: at most ``MAX_BYTES``, and one more to tell
    :raises InputRefused: it is no plan
    """
    if len(data) > MAX_BYTES:
        raise _bad('it is larger than %d MiB' % (MAX_BYTES // 2 ** 20))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise _bad('it is not JSON') from None
    if not isinstance(found, dict) or found.get('schema') != SCHEMA:
        raise _bad('it has not the schema %d, which this release writes'
                   % SCHEMA)
    if not isinstance(found.get('actions'), list) or not all(
            isinstance(each, dict) for each in found['actions']):
        raise _bad('it has no list of actions')
    wanted = tuple(map(actions.Action.from_dict, found['actions']))
    if any(each.kind not in actions.WANTED for each in wanted):
        raise _bad('it has an action that no policy asks for')
    return Plan(str(found.get('made')), str(found.get('policy')),
                _number(found.get('images')), wanted)


def _bad(why: str) -> exceptions.InputRefused:
    return exceptions.InputRefused(
        detail='it is no plan of "image lifecycle plan": %s.' % why)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _totals(by: str, names: Any, found: Iterable[actions.Action],
            speeds: estimating.Speeds) -> Iterator[Total]:
    groups: dict[str, list[actions.Action]] = {}
    for each in found:
        for name in names(each):
            groups.setdefault(name, []).append(each)
    for name in sorted(groups):
        group = groups[name]
        # An action on several stores has the bytes of all of them.
        yield Total(by, name, len({a.image_id for a in group}), len(group),
                    sum(a.size // (len(a.stores) if by == 'store' else 1)
                        for a in group),
                    estimating.total(map(speeds.seconds, group)))
