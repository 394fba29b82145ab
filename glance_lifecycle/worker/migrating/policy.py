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

"""What the lifecycle policy says of an image that moves to another store.

A move that the policy does not want would be undone by the worker itself.
"""

from collections.abc import Mapping
import dataclasses
import datetime

from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.worker import action as actions


def ends(action: actions.Action) -> tuple[str, str]:
    """From where an action of a migration moves an image, and to where."""
    store, = action.stores
    other = action.arguments['other']
    return (other, store) if action.kind == actions.MIGRATE else (
        store, other)


def against(image: Mapping[str, object], policy: decision.Policy,
            source: str, target: str, now: datetime.datetime,
            kinds: Mapping[str, str] | None, *, keep: bool = False) -> str:
    """Why it should not move; empty for nothing. Without a full stop.

    :param keep: whether its copy in the source stays
    """
    known = drift.facts(image, now, kinds)
    stays = [store for store in known.stores if keep or store != source]
    wanted = policy.decide(dataclasses.replace(
        known, stores=tuple(dict.fromkeys((*stays, target)))))
    if 'place' in wanted.unsure:
        return ''
    place = wanted.place
    for option, stores in (('stores', place.stores or ()),
                           ('later', place.later)):
        if source in stores and not keep:
            return ('the policy wants a copy in %s, by the rule %s. Change '
                    'that first' % (source,
                                    wanted.decided_by('place', option)))
    if place.copies == 'exact' and target not in (
            *(place.stores or ()), *place.later):
        return ('the policy lets no copy be in %s, by the rule %s. Change '
                'that first' % (target, wanted.decided_by('place', 'copies')))
    return ''
