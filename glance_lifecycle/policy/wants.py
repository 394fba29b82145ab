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


"""What a policy may want of an image, section by section.

The names are those of the document. A field that is None was said nowhere:
what the configuration or the user says goes.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools
from typing import Any

from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import family as families
from glance_lifecycle.policy import match
from glance_lifecycle.policy import units

ALL_VISIBILITIES = ('public', 'community', 'shared', 'private')

# What is published can be seen, and booted, by projects it was not offered.
PUBLISHED = ('public', 'community')

# Seconds: what a worker remembers of the use of images.
LONGEST_UNUSED = 5 * 365 * 86400

# Whose properties no policy may set: Glance's and ours, and signatures.
RESERVED = ('os_glance_', 'lifecycle_', 'img_signature')


@dataclasses.dataclass(frozen=True, slots=True)
class Require:
    """What it takes to come in.

    :ivar signature: ``never``, ``signed-only`` or ``always``, as
        ``[lifecycle_signing] required``
    :ivar formats: disk formats
    :ivar max_virtual_size: bytes; 0 for no limit
    :ivar max_expansion_ratio: 0 for no limit
    :ivar properties: what each must be

    The others refine the options of ``[lifecycle_signing]`` with their names.
    """

    signature: str = 'signed-only'
    allowed_certificates: tuple[str, ...] | None = None
    ca_bundle: str | None = None
    denied_serials: tuple[str, ...] | None = None
    min_rsa_bits: int | None = None
    min_ec_bits: int | None = None
    allow_dsa: bool | None = None
    check_validity: bool | None = None
    check_key_usage: bool | None = None
    formats: tuple[str, ...] = ()
    container_formats: tuple[str, ...] = ()
    max_virtual_size: int = 0
    max_expansion_ratio: int = 0
    properties: tuple[match.Condition, ...] = ()

    def trust(self) -> dict[str, Any]:
        """What was said of trust, by the names of ``[lifecycle_signing]``."""
        return {name: value for name in TRUST
                if (value := getattr(self, name)) is not None}


TRUST = ('allowed_certificates', 'ca_bundle', 'denied_serials',
         'min_rsa_bits', 'min_ec_bits', 'allow_dsa', 'check_validity',
         'check_key_usage')


@dataclasses.dataclass(frozen=True, slots=True)
class Convert:
    """Whether the image is stored as raw.

    :ivar to_raw: ``always``, ``never``, or the kinds of stores (names of
        glance_store drivers) of which one must be a target: an image is the
        same bytes in every store
    """

    to_raw: str | tuple[str, ...] = 'always'


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where its copies belong.

    :ivar stores: written by the import; None for what the user asked
    :ivar later: written after the image is active
    :ivar copies: ``at-least`` these, or ``exact``\\ly these
    :ivar combine: ``union`` with what the user asked, or ``policy-only``
    :ivar all_must_succeed: None for what the user asked
    """

    stores: tuple[str, ...] | None = None
    later: tuple[str, ...] = ()
    copies: str = 'at-least'
    combine: str = 'union'
    all_must_succeed: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Protect:
    """What keeps it from being deleted.

    :ivar protected: the flag to set; None to leave it to its owner
    :ivar keep_while_in_use: no deletion while something needs it
    :ivar cool_down: seconds after un-protecting until it may be deleted
    :ivar may_delete: roles that all of this does not bind
    :ivar may_unprotect: roles that may unset the flag
    """

    protected: bool | None = None
    keep_while_in_use: bool = False
    cool_down: int = 0
    may_delete: tuple[str, ...] = ('admin',)
    may_unprotect: tuple[str, ...] = ('admin',)

    @property
    def guarded(self) -> bool:
        """Whether a deletion must be looked at, and refused in doubt."""
        return bool(self.protected or self.keep_while_in_use
                    or self.cool_down)


@dataclasses.dataclass(frozen=True, slots=True)
class Visibility:
    """Who may see it.

    :ivar publishers: projects whose images may be public or community; None
        for all
    :ivar hidden: os_hidden; None to leave it to its owner
    """

    allowed: tuple[str, ...] = ALL_VISIBILITIES
    publishers: tuple[str, ...] | None = None
    hidden: bool | None = None

    def permits(self, visibility: str, project: str | None) -> bool:
        """Whether an image of this project may be that visible."""
        return visibility in self.allowed and (
            visibility not in PUBLISHED or self.publishers is None
            or project in self.publishers)


@dataclasses.dataclass(frozen=True, slots=True)
class Metadata:
    """What it is to carry, and what not; to forbid are shell patterns."""

    set_properties: Mapping[str, str] = dataclasses.field(
        default_factory=dict)
    set_tags: tuple[str, ...] = ()
    forbid_properties: tuple[str, ...] = ()
    forbid_tags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Cache:
    """Which caches to fill, and whether it may be evicted from them.

    :ivar prefetch: ``glance`` and ``nova``
    :ivar aggregates: of Nova's hosts, by name or id: those that fetch it
    """

    prefetch: tuple[str, ...] = ()
    aggregates: tuple[str, ...] = ()
    keep: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Retain:
    """When it retires: times are seconds, None for never.

    They count from the creation; with ``keep_last``, from when an image was
    not of the newest any more.

    :ivar unused_for: how long nothing may have needed it
    :ivar family: builds of the same thing
    :ivar keep_last: so many of the newest of the family do not retire
    :ivar deprecate: what is not the newest is marked, and ``{'hidden':
        True}``: is hidden; None to leave the marks as they are
    """

    hide_after: int | None = None
    deactivate_after: int | None = None
    delete_after: int | None = None
    only_unused: bool = True
    unused_for: int | None = None
    family: families.Family | None = None
    keep_last: int | None = None
    deprecate: bool | Mapping[str, bool] | None = None

    @property
    def hides_deprecated(self) -> bool:
        return isinstance(self.deprecate, Mapping) and self.deprecate['hidden']


Wants = (Require | Convert | Place | Protect | Visibility | Metadata | Cache
         | Retain)

SECTIONS: dict[str, type[Any]] = {
    'require': Require, 'convert': Convert, 'place': Place,
    'protect': Protect, 'visibility': Visibility, 'metadata': Metadata,
    'cache': Cache, 'retain': Retain}

# Section, field -> the option that decides where the document is silent.
OPTIONS = {
    ('require', 'signature'): '[lifecycle_signing] required',
    ('require', 'formats'): '[lifecycle] formats',
    ('require', 'container_formats'): '[lifecycle] container_formats',
    ('require', 'max_virtual_size'): '[lifecycle] max_virtual_size',
    ('require', 'max_expansion_ratio'): '[lifecycle] max_expansion_ratio',
    ('convert', 'to_raw'): '[lifecycle] convert',
} | {('require', name): '[lifecycle_signing] ' + name for name in TRUST}

_RETIRING = ('hide_after', 'deactivate_after', 'delete_after')
_DURATIONS = ('cool_down', 'unused_for', *_RETIRING)


def parsed(section: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a section of the document, which the schema has passed."""
    found = {}
    for name, value in data.items():
        if name in _DURATIONS:
            value = units.duration(value)
        elif value == 'unlimited':
            value = 0
        elif name == 'max_virtual_size':
            value = units.size(value)
        elif name == 'to_raw' and isinstance(value, Mapping):
            value = match.many(value['if_store_is'])
        elif name == 'family':
            value = families.Family.of(value)
        elif name == 'properties':
            value = tuple(match.property_test(*item)
                          for item in value.items())
        elif isinstance(value, list):
            value = tuple(value)
        found[name] = value
    return found


def from_options(section: str, defaults: policy_facts.Defaults
                 ) -> dict[str, Any]:
    """Fields of a section that the options decide."""
    if section == 'require':
        return {'signature': defaults.signature,
                'formats': tuple(sorted(defaults.formats)),
                'container_formats': tuple(sorted(
                    defaults.container_formats)),
                'max_virtual_size': defaults.max_virtual_size,
                'max_expansion_ratio': defaults.max_expansion_ratio}
    if section == 'convert':
        return {'to_raw': 'always' if defaults.convert else 'never'}
    return {}


def contradictions(section: str, fields: Mapping[str, Any]
                   ) -> Iterator[str]:
    """What cannot be meant, of fields as ``parsed()`` gives them."""
    if section == 'place':
        yield from _place(Place(**fields))
    elif section == 'metadata':
        yield from _metadata(Metadata(**fields))
    elif section == 'cache':
        cache = Cache(**fields)
        if 'nova' in cache.prefetch and not cache.aggregates:
            yield ('nova is to prefetch, and no aggregates are named whose '
                   'hosts do')
    elif section == 'retain':
        yield from _retain(Retain(**fields))


def text(section: str, name: str, value: Any) -> str:
    """A field's value as the document would have it."""
    if value is None:
        if name == 'publishers':
            return 'every project'
        if section == 'retain':
            return 'never' if name in _RETIRING else 'not said'
        return 'as configured' if name in TRUST else 'as asked'
    if name in _DURATIONS:
        return units.duration_text(value)
    if name in ('max_virtual_size', 'max_expansion_ratio'):
        return 'unlimited' if not value else (
            units.size_text(value) if name == 'max_virtual_size'
            else str(value))
    if isinstance(value, Mapping):
        return ', '.join('%s=%s' % (match.text(key), match.text(each))
                         for key, each in sorted(value.items())) or 'none'
    if name == 'to_raw' and not isinstance(value, str):
        return 'if a store is %s' % ' or '.join(map(match.text, value))
    if name == 'properties':
        return ', '.join(map(str, value)) or 'none'
    if isinstance(value, (tuple, frozenset)):
        return ', '.join(map(match.text, value)) or 'none'
    return match.text(value)


def _place(place: Place) -> Iterator[str]:
    both = sorted(set(place.stores or ()) & set(place.later))
    if both:
        yield ('store %s is among those of the import and among those of '
               'later' % match.text(both))
    if place.copies == 'exact':
        if place.stores is None:
            yield 'copies is exact, and no stores are named'
        elif place.combine == 'union':
            yield ('copies is exact, but what users ask for is added: '
                   'combine must be policy-only')


def _retain(retain: Retain) -> Iterator[str]:
    times = [(name, after) for name in _RETIRING
             if (after := getattr(retain, name)) is not None]
    for (early, first), (late, second) in itertools.pairwise(times):
        if first > second:
            yield '%s (%s) is later than %s (%s)' % (
                early, units.duration_text(first), late,
                units.duration_text(second))
    if retain.family is None:
        for name in ('keep_last', 'deprecate'):
            if getattr(retain, name):
                yield '%s is of a family, and no family is said' % name
    if retain.unused_for is not None and not retain.only_unused:
        yield 'unused_for asks what only_unused: false does not ask'
    if (retain.unused_for or 0) > LONGEST_UNUSED:
        yield ('unused_for is longer than %s, for which a worker remembers '
               'what was used' % units.duration_text(LONGEST_UNUSED))


def _metadata(metadata: Metadata) -> Iterator[str]:
    for what, given, forbidden in (
            ('property', tuple(metadata.set_properties),
             metadata.forbid_properties),
            ('tag', metadata.set_tags, metadata.forbid_tags)):
        pattern = match.globs(forbidden)
        for name in given:
            if forbidden and pattern.match(name):
                yield 'the %s %s is set and forbidden' % (
                    what, match.text(name))
            if what == 'property' and name.startswith(RESERVED):
                yield ('the property %s belongs to the service: a policy '
                       'cannot set it' % match.text(name))
