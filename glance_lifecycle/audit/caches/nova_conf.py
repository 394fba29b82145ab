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

"""The options of nova.conf that say what its image cache keeps.

Their defaults and old names are those of Nova 34 (2026.2), nova/conf. Read
without oslo.config's types, which take longer than all the rest of the
command.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import pathlib
import re
from typing import Any

from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle import exceptions

STATE_PATH = '/var/lib/nova'

INTERVAL = 'manager_interval'
SUBDIRECTORY = 'subdirectory_name'
REMOVE = 'remove_unused_base_images'
ORIGINAL_AGE = 'remove_unused_original_minimum_age_seconds'
RESIZED_AGE = 'remove_unused_resized_minimum_age_seconds'

# oslo.config's own.
_TRUE = ('true', '1', 'on', 'yes')
_FALSE = ('false', '0', 'off', 'no')
_NAME = re.compile(r'\$(?:\{(?P<braces>[\w.]+)\}|(?P<plain>\w+)|(?P<two>\$))')
_MOST_DIGITS = 15
_DEEPEST = 5


@dataclasses.dataclass(frozen=True)
class Known:
    """An option: its section, its default, and where it was before."""

    section: str
    default: Any
    old: tuple[tuple[str, str], ...] = ()


KNOWN = {
    'state_path': Known('DEFAULT', STATE_PATH),
    'instances_path': Known('DEFAULT', '$state_path/instances'),
    'use_cow_images': Known('DEFAULT', True),
    'force_raw_images': Known('DEFAULT', True),
    INTERVAL: Known('image_cache', 2400, (
        ('DEFAULT', 'image_cache_manager_interval'),)),
    SUBDIRECTORY: Known('image_cache', '_base', (
        ('DEFAULT', 'image_cache_subdirectory_name'),)),
    REMOVE: Known('image_cache', True, (('DEFAULT', REMOVE),)),
    ORIGINAL_AGE: Known('image_cache', 86400, (('DEFAULT', ORIGINAL_AGE),)),
    RESIZED_AGE: Known('image_cache', 3600, (('libvirt', RESIZED_AGE),)),
    'images_type': Known('libvirt', 'default'),
}


@dataclasses.dataclass(frozen=True)
class Option:
    """The value that counts.

    :ivar place: ``file:line``; empty for the default
    """

    section: str
    name: str
    value: Any
    place: str = ''

    @property
    def full_name(self) -> str:
        return '[%s] %s' % (self.section, self.name)


class NovaConf:
    """What was read; without files, the defaults.

    :param paths: of the files, the later wins
    :raises ConfigurationError: one cannot be read
    """

    def __init__(self, paths: Iterable[pathlib.Path] = ()) -> None:
        self._settings: list[ini.Setting] = []
        self._found: dict[tuple[str, str], tuple[int, ini.Setting]] = {}
        for number, path in enumerate(paths):
            for setting in _parsed(path).settings:
                section = setting.section
                self._found[section if section == 'DEFAULT'
                            else section.lower(), setting.name] = (
                                number, setting)

    def option(self, name: str) -> Option:
        """:raises ConfigurationError: Nova could not use its value"""
        known = KNOWN[name]
        setting = self._setting(known, name)
        if setting is None:
            value = known.default
            if isinstance(value, str):
                value = self._substituted(value, name)
            return Option(known.section, name, value)
        return Option(known.section, name, self._converted(
            known, setting), masking.plain('%s:%d' % (
                setting.path, setting.line)))

    def _setting(self, known: Known, name: str) -> ini.Setting | None:
        """Of the last file that has it; by its own name before an old one."""
        found = [self._found[key] for key in ((known.section, name),
                                              *known.old)
                 if key in self._found]
        return max(found, key=lambda one: one[0])[1] if found else None

    def _converted(self, known: Known, setting: ini.Setting) -> Any:
        text = self._substituted(setting.value, setting.name).strip()
        if isinstance(known.default, str):
            return text
        if isinstance(known.default, bool):
            if text.lower() in _TRUE + _FALSE:
                return text.lower() in _TRUE
        elif re.fullmatch(r'[+-]?\d{1,%d}' % _MOST_DIGITS, text, re.ASCII):
            return int(text)
        raise exceptions.InputRefused(detail=(
            '%s:%d: [%s] %s is "%s", and Nova would not start with it.' % (
                masking.plain(setting.path), setting.line, setting.section,
                setting.name, masking.value(setting.value))))

    def _substituted(self, text: str, name: str, depth: int = _DEEPEST
                     ) -> str:
        """With ``$name`` as oslo.config replaces it.

        :raises ConfigurationError: the value is in none of the files
        """
        def value(found: re.Match[str]) -> str:
            if found['two']:
                return '$'
            named = found['braces'] or found['plain']
            section, _, last = named.rpartition('.')
            setting = self._found.get((section.lower() or 'DEFAULT', last))
            if setting is not None and depth:
                return self._substituted(setting[1].value, name, depth - 1)
            if last in KNOWN and depth and not section:
                return self._substituted(
                    str(KNOWN[last].default), name, depth - 1)
            raise exceptions.InputRefused(detail=(
                '%s names $%s, and that is in none of the files. Give the '
                'directory itself with --instances-path or --base.' % (
                    name, masking.name(named))))
        return _NAME.sub(value, text)


def _parsed(path: pathlib.Path) -> ini.Parsed:
    try:
        return ini.parse(reading.text(path, None), str(path))
    except FileNotFoundError:
        reason = 'There is no such file.'
    except reading.Unreadable as error:
        reason = error.reason
    raise exceptions.InputRefused(detail='%s: %s' % (
        masking.plain(str(path)), reason))


def shown(options: Sequence[Option]) -> dict[str, Any]:
    """Full name -> value, for a report."""
    return {one.full_name: one.value for one in options}
