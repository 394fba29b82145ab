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

"""The configuration of one host, asked as oslo.config would be."""

from collections.abc import Iterator
import functools
from typing import Any

from oslo_config import cfg

from glance_lifecycle.audit.doctor import beside as besides
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding

# Of options that name options that name options.
_DEEPEST = 5
_MOST_NAMES = 20
_LONGEST = 10_000


Hidden = masking.Hidden


class Host:
    """One host's configuration.

    :ivar files: in the order in which they are read; the later wins
    :ivar beside: what stands beside Glance there
    :ivar policies: directory of Glance's own policies
    :ivar here: facts of the host, if this is it
    :ivar stores: ``enabled_backends``: store -> driver; empty for the single
        store of old
    """

    def __init__(self, name: str, directory: files.Directory,
                 release: int, given: besides.Given = besides.Given(),
                 policies: files.Directory | None = None,
                 here: facts.Facts | None = None) -> None:
        self.name = name
        self.directory = directory
        self.beside = besides.Beside(name, directory, given)
        self.policies = policies or directory
        self.here = here
        self.release = release
        self.files = tuple(directory.files())
        self._named_once: dict[tuple[str, str, int], str | None] = {}
        self._by_name: dict[tuple[str, str], list[list[ini.Setting]]] = {}
        for number, file in enumerate(self.files):
            for setting in file.parsed.settings:
                key = (options.group_name(setting.section), setting.name)
                lists = self._by_name.setdefault(
                    key, [[] for _ in self.files])
                lists[number].append(setting)
        named = self._last([('DEFAULT', 'enabled_backends')])
        self.multi_store = named is not None and named.value.strip() != ''
        self.stores = options.stores_of(named.value) if named else {}
        self.catalogue = options.catalogue(
            release, tuple(self.stores.items()), frozenset(
                setting.value for setting in self.settings()
                if setting.name == 'auth_section'))

    @property
    def places(self) -> list[tuple[str, str]]:
        """Section and driver of each store, also in the single store of old.

        :raises Hidden: a report has taken it away
        """
        if self.multi_store:
            return list(self.stores.items())
        return [(options.SINGLE_STORE, driver) for driver in
                self.value(options.SINGLE_STORE, 'stores') or ()]

    def settings(self) -> Iterator[ini.Setting]:
        """All of them, in the order in which they are read."""
        for file in self.files:
            yield from file.parsed.settings

    def sections(self) -> Iterator[tuple[str, finding.Place]]:
        """All headings, once a file."""
        for file in self.files:
            for section, line in file.parsed.sections.items():
                yield section, finding.Place(file.shown, line)

    def option(self, setting: ini.Setting) -> options.Option | None:
        """What the service reads it as; None if nobody reads it."""
        return self.catalogue.option(setting.section, setting.name)

    def unread(self, option: options.Option) -> bool:
        """Whether it is one of the single store of old, and that is none."""
        return self.multi_store and option.group == options.SINGLE_STORE and (
            option.name != 'default_backend')

    def setting(self, section: str, name: str) -> ini.Setting | None:
        """Where the value that counts stands; None if it is the default."""
        option = self.catalogue.option(section, name)
        found = self._last([(section, name), *(option.old if option else ())])
        if found is None and name not in options.UNSHARED and (
                section in self.stores):
            return self._last([(options.SHARED, name)])
        return found

    def value(self, section: str, name: str) -> Any:
        """The value that counts, converted; of multi options, all.

        None where there is none, or none that the service could use: another
        finding says so.

        :raises Hidden: a report has taken it away
        """
        option = self.catalogue.option(section, name)
        if option is None:
            return None
        setting = self.setting(section, name)
        if setting is None:
            return option.default
        values = ([one.value for one in self._all(section, name) or [setting]]
                  if option.multi else [setting.value])
        if any(map(masking.hidden, values)):
            raise Hidden
        if any(len(value) > options.LONGEST for value in values):
            return None
        try:
            converted = [option.convert(self.substituted(value, option.group))
                         for value in values]
        except ValueError:
            return None
        return converted if option.multi else converted[0]

    def substituted(self, text: str, group: str, depth: int = _DEEPEST
                    ) -> str:
        """With ``$name`` and ``${group.name}`` as oslo.config replaces them.

        :raises ValueError: it names what nobody knows, or itself
        """
        if '$' not in text:
            return text
        # Each may hold many of the next: it would double and double.
        if depth == 0 or len(text) > _LONGEST or (
                text.count('$') > _MOST_NAMES):
            raise ValueError('too deep')
        found = cfg.ConfigOpts.Template(
            text.replace(r'\$', '$$')).safe_substitute(
                _Names(functools.partial(self._named, depth=depth), group))
        if len(found) > _LONGEST:
            raise ValueError('too long')
        return found

    def shown(self, setting: ini.Setting) -> str:
        """Its value in a sentence."""
        value = self.place(setting).value
        return 'a value that is not shown' if value is None else (
            '"%s"' % value)

    def place(self, setting: ini.Setting) -> finding.Place:
        """Where it stands, and its value as far as it may be shown."""
        option = self.option(setting)
        known = option is not None and not option.secret and (
            not masking.is_secret(setting.name))
        return finding.Place(
            setting.path, setting.line, '[%s] %s' % (
                masking.name(setting.section), setting.name
                if option else masking.option(setting.name)),
            masking.value(setting.value) if known else None)

    def _named(self, group: str, name: str, depth: int) -> str:
        # Each of 20 names may have 20 of the next: 20 ** 5 of them.
        key = group, name, depth
        if key not in self._named_once:
            self._named_once[key] = None
            self._named_once[key] = self._looked_up(group, name, depth)
        found = self._named_once[key]
        if found is None:
            raise ValueError(name)
        return found

    def _looked_up(self, group: str, name: str, depth: int) -> str:
        section, _, last = name.rpartition('.')
        for where in ([section] if section else [group, 'DEFAULT']):
            option = self.catalogue.option(where, last)
            if option is None:
                continue
            setting = self.setting(where, last)
            if setting is None:
                return '' if option.default is None else str(option.default)
            return self.substituted(setting.value, option.group, depth - 1)
        raise ValueError(name)

    def _last(self, names: list[tuple[str, str]]) -> ini.Setting | None:
        found = [self._by_name.get((options.group_name(section), name))
                 for section, name in names]
        for number in reversed(range(len(self.files))):
            for lists in found:
                if lists and lists[number]:
                    return lists[number][-1]
        return None

    def _all(self, section: str, name: str) -> list[ini.Setting]:
        lists = self._by_name.get((options.group_name(section), name), [])
        return [setting for one in lists for setting in one]


class _Names(dict[str, str]):
    """What stands behind a ``$`` in an option of a group."""

    def __init__(self, look: Any, group: str) -> None:
        super().__init__()
        self._look = look
        self._group = group

    def __missing__(self, name: str) -> str:
        found: str = self._look(self._group, name)
        return found
