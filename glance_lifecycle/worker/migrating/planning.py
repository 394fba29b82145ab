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

"""A plan of a migration, made from the catalogue as it is. Nothing changes."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle.planning import waves as waving
from glance_lifecycle.planning import windows
from glance_lifecycle.policy import decision
from glance_lifecycle.worker.migrating import plan as plans
from glance_lifecycle.worker.migrating import policy as move_policy

_ACTIVE = 'active'


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asks for.

    :ivar where: a policy whose only rule matches the images that are meant;
        None for all
    :ivar where_text: the same, as it was said
    :ivar images: of a wave, at most
    :ivar canary: of the first wave; 0 for no such wave
    """

    source: str
    target: str
    settings: plans.Settings
    forecast: plans.Forecast
    where: Callable[[decision.Facts], bool] | None = None
    where_text: str = ''
    images: int = 100
    canary: int = 1


def make(found: Iterable[Mapping[str, Any]], policy: decision.Policy,
         kinds: Mapping[str, str] | None, dependents: Mapping[str, int],
         wishes: Wishes, now: datetime.datetime) -> plans.Plan:
    """What moves, in which waves, and what does not.

    :param found: images, as the Image API shows them
    :param kinds: store -> glance_store driver; None if that is not known
    :param dependents: image id -> how many servers and volumes there are of
        it; of none of them it does not say
    """
    left: list[plans.Left] = []
    # Those with the least risk are in the first plan, too.
    candidates = sorted(_candidates(
        found, policy, kinds, dependents, wishes, now, left),
        key=lambda one: one.risk)
    more = len(candidates) - plans.MOST
    del candidates[plans.MOST:]
    settings, forecast = wishes.settings, wishes.forecast
    made = waving.make(
        candidates, waving.Pace(forecast.rate, forecast.each,
                                settings.parallel),
        waving.Limits(forecast.room, wishes.images, windows.longest(
            windows.parse(settings.windows)), wishes.canary))
    left += [plans.Left(one.id, one.name, 'there is no room for it in %s'
                        % wishes.target) for one in made.without_room]
    return plans.Plan(
        now.isoformat(timespec='seconds'), wishes.source, wishes.target,
        wishes.where_text, settings, forecast, made.waves,
        tuple(_bounded(left, more)))


def _bounded(left: list[plans.Left], more: int) -> Iterator[plans.Left]:
    """As many as a plan may have; a line without an id tells of the others.

    :param more: images that would move, and are too many
    """
    most = plans.MOST - 2
    yield from left[:most]
    if len(left) > most:
        yield plans.Left('', '', '%d more images stay, which a plan has no '
                         'lines for. Name fewer with --where'
                         % (len(left) - most))
    if more > 0:
        yield plans.Left('', '', '%d more images would move, and a plan has '
                         '%d at most. Make another plan after the end of this '
                         'migration, or name fewer with --where'
                         % (more, plans.MOST))


def _candidates(found: Iterable[Mapping[str, Any]], policy: decision.Policy,
                kinds: Mapping[str, str] | None,
                dependents: Mapping[str, int], wishes: Wishes,
                now: datetime.datetime, left: list[plans.Left]
                ) -> Iterator[waving.Candidate]:
    for image in found:
        stores = image_api.stores_of(image)
        if wishes.source not in stores or (
                # Nothing would be done to it, and the next plan has room.
                wishes.settings.keep and wishes.target in stores):
            continue
        facts = drift.facts(image, now, kinds)
        if wishes.where is not None and not wishes.where(facts):
            continue
        name = image.get('name') or ''
        against = _against(image, policy, kinds, wishes, now)
        if against:
            left.append(plans.Left(image['id'], name[:255], against))
            continue
        yield waving.Candidate(
            image['id'], name[:255], image.get('owner') or '',
            image.get('size') or 0, wishes.target in stores,
            bool(facts.protected or policy.decide(facts).protect.protected),
            dependents.get(image['id'], 0))


def _against(image: Mapping[str, Any], policy: decision.Policy,
             kinds: Mapping[str, str] | None, wishes: Wishes,
             now: datetime.datetime) -> str:
    """Why it does not move; empty for nothing."""
    if image.get('status') != _ACTIVE:
        return 'it is %s, and only an active image is copied' % (
            image.get('status'))
    if not image.get('os_hash_value'):
        return 'it has no os_hash_value, so that no copy can be verified'
    return move_policy.against(
        image, policy, wishes.source, wishes.target, now, kinds,
        keep=wishes.settings.keep)
