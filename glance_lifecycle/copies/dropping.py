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

"""Whether one copy of an image may go, and what speaks against it.

Pure: who asks has looked before. Glance itself is then asked to drop it, so
that its policy counts, and ours.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.copies import known
from glance_lifecycle.dependents import base
from glance_lifecycle.policy import match


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What would be done.

    :ivar destroyed: the copy that goes
    :ivar kept: the copies that stay
    :ivar against: why it cannot be done; empty if it can
    :ivar unsure: what nobody could look at
    :ivar clones: of the copy that goes, as far as they could be listed
    """

    image_id: str
    name: str
    destroyed: known.Copy
    kept: tuple[known.Copy, ...]
    against: tuple[str, ...]
    unsure: tuple[str, ...]
    clones: tuple[base.Dependent, ...] = ()

    def lines(self) -> Iterator[str]:
        """For the operator, before they say yes."""
        yield 'DESTRUCTIVE: the copy of image %s%s in store %s is deleted.' % (
            self.image_id, ' (%s)' % match.text(self.name)
            if self.name else '',
            self.destroyed.store)
        yield '  goes: ' + _line(self.destroyed)
        for copy in self.kept:
            yield '  stays: ' + _line(copy)
        for line in self.unsure:
            yield '  not known: ' + line
        for line in self.against:
            yield '  against it: ' + line


def plan(image_id: str, name: str, store: str, lock: str | None,
         copies: Sequence[known.Copy], answer: base.Answer,
         more: Sequence[str] | None) -> Plan:
    """What dropping that copy means; changes nothing.

    :param lock: the task that imports or copies the image now
    :param copies: all that Glance knows
    :param answer: which clones the copy has
    :param more: what else speaks against it, see ``facade.Copies``; None
        where nobody could look: then Glance is believed
    """
    destroyed = next((c for c in copies if c.store == store), None)
    kept = tuple(c for c in copies if c.store != store)
    against = []
    if destroyed is None:
        against.append('the image has no copy there; it has in %s' % (
            ', '.join(c.store for c in copies) or 'no store'))
    elif not kept:
        against.append('it is the last one. Delete the image instead, if '
                       'nobody needs it')
    elif not any(c.good or (c.present is None and more is None)
                 for c in kept):
        against.append('no other copy is known to be whole, so this may be '
                       'the last one')
    if lock:
        against.append('the image is being imported or copied now, by task '
                       '%s' % lock)
    clones, unknown = _dependents(answer)
    against += ['%s %s (%s) is %s' % (d.kind, d.id, d.name, d.detail)
                for d in clones] + unknown
    against += more or ()
    unsure = [] if more is not None else [
        'whether a location of another image leads to it: no configuration '
        'of glance-api here']
    return Plan(image_id, name, destroyed or known.Copy(store), kept,
                tuple(against), (*_unsure(kept), *unsure), tuple(clones))


def _dependents(answer: base.Answer
                ) -> tuple[list[base.Dependent], list[str]]:
    """Its clones, and why they are not all."""
    found: list[base.Dependent] = []
    if not answer.asked:
        return found, ['its clones cannot be listed: %s' % answer.reason]
    unknown = []
    try:
        found += answer.dependents
    except base.NotAsked as error:
        unknown.append('not all its clones can be listed: %s' % error)
    if answer.reason:
        unknown.append('not all its clones can be listed: %s' % answer.reason)
    return found, unknown


def _unsure(kept: Sequence[known.Copy]) -> Iterator[str]:
    for copy in kept:
        if copy.present is None:
            yield 'whether the copy in store %s is there%s' % (
                copy.store, copy.detail and ': ' + copy.detail)
        elif not copy.verified:
            yield ('whether the copy in store %s is intact: it was not '
                   'verified on this host' % copy.store)


def _line(copy: known.Copy) -> str:
    parts = ['store ' + copy.store]
    if copy.driver:
        parts.append(copy.driver)
    if copy.size is not None:
        parts.append('%d bytes' % copy.size)
    if copy.allocated is not None:
        parts.append('%d allocated' % copy.allocated)
    if copy.verified:
        parts.append('verified at ' + copy.verified)
    if copy.present is False:
        parts.append('NOT THERE')
    return ', '.join(parts)
