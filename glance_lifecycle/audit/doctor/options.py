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

"""The options that a release of Glance knows.

Of Glance and its libraries they are data, made from the installed packages
by tools/doctor-options, so that a laptop can judge any host; our own are
those of this package.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
import importlib.resources
import json
from typing import Any

from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.conf import opts

RELEASES = (31, 32, 33)
NEWEST = RELEASES[-1]

#: glance_store's sections for itself, beside those of the stores.
STAGING = 'os_glance_staging_store'
TASKS = 'os_glance_tasks_store'
RESERVED = (STAGING, TASKS)
#: What a store does not set itself, it takes from here.
SHARED = 'backend_defaults'
#: Unless glance_store asks the store's own section only.
UNSHARED = (
    'default_swift_reference', 'store_description',
    'swift_store_config_file', 'swift_store_create_container_on_put',
    'swift_store_multi_tenant', 'swift_upload_buffer_dir', 'weight')
SINGLE_STORE = 'glance_store'
_DATADIR = 'filesystem_store_datadir'

#: Longer values are not judged: oslo.config's own types take quadratic time.
LONGEST = 20_000


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    :ivar group: of the section, as oslo.config compares it
    :ivar kind: see ``kinds``
    :ivar old: other names that it is still read by: (group, name)
    :ivar leaving: why it will be removed; empty if it will not
    """

    group: str
    name: str
    kind: kinds.Spec
    default: Any = None
    secret: bool = False
    multi: bool = False
    old: tuple[tuple[str, str], ...] = ()
    leaving: str = ''

    def convert(self, text: str) -> Any:
        """What the service would get.

        :raises ValueError: it refuses that; the message may hold the value
        """
        if len(text) > LONGEST:
            return text
        return kinds.load(self.kind)(text)

    @property
    def full_name(self) -> str:
        return '[%s] %s' % (self.group, self.name)


Group = Mapping[str, Option]


def group_name(section: str) -> str:
    """As oslo.config compares sections: only DEFAULT by its case."""
    return section if section == 'DEFAULT' else section.lower()


class Catalogue:
    """All options of one release, given its stores.

    :ivar release: 31 is 2025.2, 32 is 2026.1, 33 is 2026.2
    :ivar drivers: driver -> its options, of any section

    :param with_auth: sections that others name as their ``auth_section``
    """

    def __init__(self, release: int, stores: Mapping[str, str],
                 with_auth: Iterable[str] = ()) -> None:
        known = _known(release)
        self.release = release
        self.drivers = known.drivers
        self._groups = dict(known.groups)
        for section in with_auth:
            name = group_name(section)
            self._groups[name] = {
                **{each.name: dataclasses.replace(each, group=name)
                   for each in known.auth.values()},
                **self._groups.get(name, {})}
        for store, driver in {
                **stores, **dict.fromkeys(RESERVED, 'file')}.items():
            name = group_name(store)
            self._groups[name] = {
                **self._groups.get(name, {}), **{
                    each.name: dataclasses.replace(each, group=name)
                    for each in known.drivers.get(driver, {}).values()}}
        if stores:
            self._groups[SHARED] = {
                each.name: dataclasses.replace(each, group=SHARED)
                for driver in known.drivers.values()
                for each in driver.values() if each.name not in UNSHARED}
        for store in RESERVED:
            # glance_store registers another default for these.
            self._groups[store] = {**self._groups[store], _DATADIR: (
                dataclasses.replace(self._groups[store][_DATADIR],
                                    default='/var/lib/glance/' + store))}
        self._old = {(group_name(group), name): option
                     for options in self._groups.values()
                     for option in options.values()
                     for group, name in option.old}

    @property
    def groups(self) -> Mapping[str, Group]:
        return self._groups

    def option(self, section: str, name: str) -> Option | None:
        """The option that is read by this name."""
        group = self._groups.get(group_name(section), {})
        return group.get(name) or self._old.get((group_name(section), name))

    def homes(self, name: str) -> list[str]:
        """The sections that know an option of this name.

        Where stores share what they do not set is no home of its own.
        """
        return sorted(group for group, options in self._groups.items()
                      if name in options and group != SHARED)


# Hosts of a cloud have the same stores.
@functools.lru_cache(maxsize=64)
def catalogue(release: int, stores: tuple[tuple[str, str], ...],
              with_auth: frozenset[str] = frozenset()) -> Catalogue:
    """The catalogue of these, made once."""
    return Catalogue(release, dict(stores), with_auth)


def stores_of(text: str) -> dict[str, str]:
    """``enabled_backends``: store -> driver, empty if it is not readable."""
    if len(text) > LONGEST:
        return {}
    try:
        return dict(_PAIRS(text))
    except ValueError:
        return {}


_PAIRS = kinds.load(['dict', ['str', {}], False])


@dataclasses.dataclass(frozen=True)
class _Known:
    groups: Mapping[str, Group]
    drivers: Mapping[str, Group]
    auth: Group


@functools.lru_cache
def _known(release: int) -> _Known:
    text = importlib.resources.files(__package__).joinpath(
        'data', 'glance-%d.json' % release).read_text()
    data = json.loads(text)
    auth = data['auth']
    merged = {group: {**data['libraries'].get(group, {}),
                      **data['glance'].get(group, {})}
              for group in {**data['libraries'], **data['glance']}}
    groups = {group: {**(auth if group in data['with_auth'] else {}),
                      **options}
              for group, options in merged.items()}
    return _Known(
        {**{group: dict(_loaded(group, options))
            for group, options in groups.items()}, **dict(_ours(auth))},
        {driver: dict(_loaded(SINGLE_STORE, options))
         for driver, options in data['drivers'].items()},
        dict(_loaded('auth', auth)))


def _loaded(group: str, options: Mapping[str, Any]
            ) -> Iterator[tuple[str, Option]]:
    for name, data in options.items():
        yield name, Option(
            group=group, name=name, kind=data['kind'],
            default=data.get('default'), secret=data.get('secret', False),
            multi=data.get('multi', False),
            old=tuple((one[0] or group, one[1])
                      for one in data.get('old', ())),
            leaving=data.get('leaving', ''))


def _ours(auth: Mapping[str, Any]) -> Iterator[tuple[str, Group]]:
    # The worker's and the protection's have credentials, too.
    for group, options in opts.list_opts():
        found = {option.dest: Option(
            group.name, option.dest, kinds.dump(option.type), option.default,
            bool(option.secret), bool(option.multi)) for option in options}
        if 'auth_section' in found or group.name in _WITH_AUTH:
            found = {**dict(_loaded(group.name, auth)), **found}
        yield group.name, found


_WITH_AUTH = ('lifecycle_protection', 'lifecycle_worker')
