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


"""glance-api-paste.ini: what a request goes through."""

from collections.abc import Iterator
import configparser
import dataclasses
import itertools
import re

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

_FILE = 'glance-api-paste.ini'
# As PasteDeploy looks for an application.
_APPS = ('app', 'application', 'composite', 'composit', 'pipeline',
         'filter-app')
_API = 'glance-api'
_MOST = 200
# Of the name of an option.
_END = re.compile('[=:]')


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        # Names of flavors are not all in lower case.
        return optionstr


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """One line of filters, and an application at its end.

    :ivar name: such as keystone+caching
    :ivar used: whether it is that of the flavor that is set
    """

    name: str
    filters: tuple[str, ...]
    used: bool
    place: finding.Place


class Paste:
    """The file of a host.

    :ivar flavors: that it has
    """

    def __init__(self, text: str, shown: str, flavor: str) -> None:
        self._parser = _Parser(strict=False)
        self._parser.read_string(text)
        self._lines = _lines(text)
        self._shown = shown
        self._flavor = flavor
        # As PasteDeploy: blanks around the name do not count.
        self._sections = {
            (kind.strip(), name.strip()): section
            for section in self._parser.sections()
            for kind, _, name in [section.partition(':')]}
        self.flavors = [name.removeprefix(_API).removeprefix('-')
                        for kind, name in self._sections
                        if kind in _APPS and name.startswith(_API)]

    def has(self, name: str) -> bool:
        """Whether there is a filter of this name, or it is elsewhere."""
        return ':' in name or ('filter', name) in self._sections

    def filters(self) -> list[str]:
        return [name for kind, name in self._sections if kind == 'filter']

    def factory(self, name: str) -> str:
        """What makes a filter; empty if the file does not say it."""
        section = self._sections.get(('filter', name))
        return self._parser.get(
            section, 'paste.filter_factory', fallback='') if section else ''

    def pipelines(self) -> Iterator[Pipeline]:
        """Those of Glance's flavors; of a file that is none, some."""
        return itertools.islice(self._pipelines(), _MOST)

    def _pipelines(self) -> Iterator[Pipeline]:
        for (kind, name), section in self._sections.items():
            if kind == 'pipeline' and name.startswith(_API):
                yield self._pipeline(
                    name.removeprefix(_API).removeprefix('-'), section,
                    'pipeline', self._flavor)
            elif kind == 'composite' and self._parser.get(
                    section, 'paste.composite_factory',
                    fallback='').endswith('glance.api:pipeline_factory'):
                for key in list(self._parser[section])[:_MOST]:
                    if key not in self._parser.defaults() and '.' not in key:
                        yield self._pipeline(key, section, key,
                                             self._flavor or 'default')

    def _pipeline(self, name: str, section: str, key: str, used: str
                  ) -> Pipeline:
        words = self._parser.get(section, key, fallback='').split()[:_MOST]
        return Pipeline(name, tuple(words[:-1]), name == used, finding.Place(
            self._shown, self._lines.get((section, key), 0), '[%s] %s' % (
                masking.name(section), masking.name(key))))


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Where each option stands first: (section, name) -> line."""
    lines: dict[tuple[str, str], int] = {}
    section = ''
    for number, line in enumerate(text.split('\n'), 1):
        heading = _Parser.SECTCRE.match(line)
        if heading:
            section = heading['header']
        else:
            lines.setdefault(
                (section, _END.split(line, maxsplit=1)[0].rstrip()), number)
    return lines


def of(host: hosts.Host) -> Paste | None:
    """The file; None if it is not at hand, or not understood.

    :raises Hidden: a report has taken the flavor away
    """
    if host.setting('paste_deploy', 'config_file'):
        return None
    flavor = (host.value('paste_deploy', 'flavor') or '').strip()
    try:
        data = host.directory.data(_FILE)
        return None if not data else Paste(
            data.decode(), masking.value(host.directory.where(_FILE)), flavor)
    except (reading.Unreadable, configparser.Error, ValueError):
        return None
