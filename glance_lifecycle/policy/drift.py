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


"""Where an image differs from its Decision."""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from glance_lifecycle.policy import checks
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import generations
from glance_lifecycle.policy import match
from glance_lifecycle.policy import wants

Decision = decisions.Decision
Facts = decisions.Facts

ATTESTATION = policy_facts.ATTESTATION
#: what is wanted of an image that the service has signed
SERVICE_SIGNATURE = 'the signature of the service'


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """One difference.

    :ivar section: of the policy
    :ivar field: what differs, in the Image API's words
    :ivar wanted: what the policy wants of it
    :ivar found: what it is
    :ivar rule: who wants it
    :ivar option: the field of the section that says so
    :ivar subject: the store, property or tag, as it is called; empty where
        it is about no single one
    """

    section: str
    field: str
    wanted: str
    found: str
    rule: str
    option: str = ''
    subject: str = ''


def compare(facts: Facts, decision: Decision,
            view: generations.View | None = None) -> list[Drift]:
    """Of an image that is active, or was.

    :param view: of its family; None where nobody has looked

    Sections that the Decision is unsure about are left out, as are facts
    that are not known. The file's format and expansion ratio are not looked
    at: the stored copy is another file.
    """
    found: list[Drift] = []
    for section, differences in _SECTIONS:
        if section not in decision.unsure:
            found += [
                Drift(section, name, wanted, seen,
                      decision.decided_by(section, option), option, *subject)
                for option, name, wanted, seen, *subject in differences(
                    facts, decision)]
    if 'retain' not in decision.unsure:
        found += _deprecated(facts, decision, view)
    return found


def _deprecated(facts: Facts, decision: Decision,
                view: generations.View | None) -> Iterator[Drift]:
    """What is not the newest of its family tells which is."""
    properties = facts.properties or {}
    for name, wanted in generations.marks(facts, decision, view).items():
        found = (facts.hidden if name == 'os_hidden'
                 else properties.get(name))
        if found != wanted:
            yield Drift(
                'retain', name if name == 'os_hidden' else 'property ' + name,
                _set_or_not(wanted), _set_or_not(found),
                decision.decided_by('retain', 'deprecate'), 'deprecate', name)


def _set_or_not(value: object) -> str:
    return 'not set' if value is None else match.text(value)


# The field of the section that decides, what differs, wanted, found; and
# what it is about, if it is one thing.
_Difference = tuple[str, ...]


def _require(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    require = decision.require
    if require.signature == 'always' and facts.signed is False:
        yield 'signature', 'img_signature', 'a signature', 'none'
    elif (require.signature != 'never' and facts.signed is False
          and ATTESTATION in (facts.properties or ())):
        yield 'signature', 'img_signature', SERVICE_SIGNATURE, 'none'
    # Whatever came in is raw once it was converted.
    if facts.disk_format not in (None, 'raw', *require.formats):
        yield ('formats', 'disk_format',
               wants.text('require', 'formats', require.formats),
               str(facts.disk_format))
    if facts.container_format not in (None, *require.container_formats):
        yield ('container_formats', 'container_format', wants.text(
            'require', 'container_formats', require.container_formats),
            str(facts.container_format))
    limit, size = require.max_virtual_size, facts.virtual_size
    if limit and size is not None and size > limit:
        yield ('max_virtual_size', 'virtual_size', 'at most ' + wants.text(
            'require', 'max_virtual_size', limit), wants.text(
            'require', 'max_virtual_size', size))
    for wanted in require.properties:
        if wanted.holds(facts) is False:
            yield ('properties', 'properties', str(wanted),
                   wanted.why_not(facts))


def _convert(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    # A signed image may have been kept as it is: its signature is of that.
    if not facts.signed and facts.disk_format not in (
            None, decision.disk_format):
        yield ('to_raw', 'disk_format', decision.disk_format,
               str(facts.disk_format))


def _place(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    place = decision.place
    present = set(facts.stores)
    if not present:
        return  # a cloud with one store does not tell which
    now = place.stores or ()
    for field, wanted, when in (('stores', now, ''),
                                ('later', place.later, ' (later)')):
        for store in wanted:
            if store not in present:
                yield (field, 'stores', match.text(store) + when,
                       match.text(facts.stores), store)
    if place.copies == 'exact':
        surplus = sorted(present.difference(now, place.later))
        if surplus:
            yield ('copies', 'stores', 'only ' + match.text(
                (*now, *place.later)), 'also ' + match.text(surplus))


def _protect(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    yield from _flag('protected', decision.protect.protected,
                     facts.protected, 'protected')


def _visibility(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    wanted, found = decision.visibility, facts.visibility
    if found is not None and not wanted.permits(found, facts.project):
        allowed = [v for v in wanted.allowed
                   if wanted.permits(v, facts.project)]
        yield ('allowed' if found not in wanted.allowed else 'publishers',
               'visibility', ' or '.join(allowed) or 'none', found)
    yield from _flag('hidden', wanted.hidden, facts.hidden, 'os_hidden')


def _metadata(facts: Facts, decision: Decision) -> Iterator[_Difference]:
    wanted = decision.metadata
    if facts.properties is not None:
        for name, value in wanted.set_properties.items():
            found = facts.properties.get(name)
            if found != value:
                yield ('set_properties', 'property ' + match.text(name),
                       match.text(value),
                       'not set' if found is None else match.text(found),
                       name)
        yield from _forbidden('forbid_properties', 'property ',
                              wanted.forbid_properties,
                              list(facts.properties))
    if facts.tags is not None:
        for tag in wanted.set_tags:
            if tag not in facts.tags:
                yield ('set_tags', 'tag ' + match.text(tag), 'set',
                       'not set', tag)
        yield from _forbidden('forbid_tags', 'tag ', wanted.forbid_tags,
                              list(facts.tags))


def _forbidden(field: str, what: str, patterns: tuple[str, ...],
               names: Sequence[str]) -> Iterator[_Difference]:
    for name in checks.forbidden(patterns, names):
        yield field, what + match.text(name), 'not set', 'set', name


def _flag(field: str, wanted: bool | None, found: bool | None, name: str
          ) -> Iterator[_Difference]:
    if wanted is not None and found is not None and wanted != found:
        yield field, name, match.text(wanted), match.text(found)


# What caches hold and when images retire is not told by the image alone.
_SECTIONS = (('require', _require), ('convert', _convert),
             ('place', _place), ('protect', _protect),
             ('visibility', _visibility), ('metadata', _metadata))
