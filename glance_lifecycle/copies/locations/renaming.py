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

"""The locations of a store that has another name in the configuration now."""

from collections.abc import Callable
import dataclasses
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.copies.locations import deciding
from glance_lifecycle.copies.locations import naming
from glance_lifecycle.copies.locations import places
from glance_lifecycle.copies.locations import rewriting
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

_SAME_PLACE = (deciding.Verdict.SAME, deciding.Verdict.REWRITE)
_CHANGED = 'Somebody changed it at the same time. Run this again.'
_ROUNDS = 3


@dataclasses.dataclass(slots=True)
class Survey:
    """What would be done.

    :ivar number: of locations that would get the new name; ``images`` have
        them
    :ivar left: reason -> locations that would keep the old one
    :ivar hinders: why it cannot be done now, as sentences
    :ivar options: of ours that have the old name
    :ivar policy: lines of the policy file that have it
    """

    old: str
    new: str
    driver: str
    number: int = 0
    images: int = 0
    left: dict[str, rewriting.Group] = dataclasses.field(
        default_factory=dict)
    hinders: list[str] = dataclasses.field(default_factory=list)
    options: list[str] = dataclasses.field(default_factory=list)
    policy: list[int] = dataclasses.field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def survey(old: str, new: str) -> Survey:
    """Look at all that has the old name; nothing is changed.

    :raises ConfigurationError: the new name is no store's, or the old one
        still is
    :raises LifecycleError: something cannot be read
    """
    _check(old, new)
    place = places.configured(new)
    found = Survey(old, new, glance_host.store_driver(new))
    last = ''
    for row in glance_host.location_rows(old):
        decision = place.decide(row.url, row.image_id)
        if decision.verdict not in _SAME_PLACE:
            found.left.setdefault(decision.reason, rewriting.Group()).add(
                row.image_id)
        elif row.busy:
            found.left.setdefault(rewriting.BUSY, rewriting.Group()).add(
                row.image_id)
        else:
            found.number += 1
            found.images += row.image_id != last
            last = row.image_id
    found.hinders = list(naming.in_flight(old))
    found.options = naming.in_options(old)
    found.policy = naming.in_policy(old)
    return found


def _check(old: str, new: str) -> None:
    if old in (glance_host.store_kinds() or ()):
        raise exceptions.InputRefused(
            detail='Store %s is still among enabled_backends. Rename it in '
            'the configuration of each glance-api, restart them, and run '
            'this then' % old)
    # That there is such a store.
    glance_host.store_driver(new)


def rename(old: str, new: str, told: Callable[[int], None]
           ) -> rewriting.Done:
    """Change what ``survey`` has counted; again, if Glance wrote it back.

    :param told: called with the number of those that are changed
    :raises LifecycleError: nobody can tell what was written last
    """
    place = places.configured(new)
    # The operator may have taken a while to answer.
    done = rewriting.Done(stopped=next(naming.in_flight(old), ''))
    if done.stopped:
        return done
    for _round in range(_ROUNDS):
        before = done.changed
        done.left = {}
        for row in glance_host.location_rows(old):
            decision = place.decide(row.url, row.image_id)
            why = (decision.reason if decision.verdict not in _SAME_PLACE
                   else _change(row, new))
            if why:
                done.left.setdefault(why, rewriting.Group()).add(row.image_id)
                continue
            done.changed += 1
            told(done.changed)
        if done.changed == before:
            break
    naming.rename_in_database(old, new)
    return done


def _change(row: glance_host.LocationRow, new: str) -> str:
    """:returns: why it was not; empty if it was"""
    swapped = glance_host.change_store(row, new)
    if swapped is glance_host.Swapped.BUSY:
        return rewriting.BUSY
    if swapped is glance_host.Swapped.OTHER:
        return _CHANGED
    LOG.info('The copy of image %(image)s in store %(old)s is one in store '
             '%(new)s now.', {'image': row.image_id, 'old': row.store,
                              'new': new})
    try:
        verified.move(CONF.lifecycle.state_dir, row.image_id, row.store, new)
    except exceptions.ConfigurationError as error:
        LOG.warning('What is known of the copy of image %(image)s in store '
                    '%(store)s is lost: %(error)s',
                    {'image': row.image_id, 'store': new, 'error': error})
    return ''
