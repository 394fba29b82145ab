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

"""GLC721"""

from collections.abc import Iterator
import configparser
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

_CONF = '[DEFAULT]\nproperty_protection_file = p.conf\n'
_ALL = 'create = @\nread = @\nupdate = @\ndelete = @\n'
_OPERATIONS = ('create', 'read', 'update', 'delete')


class ProtectionRules(check.Check):
    """The rules that protect properties are broken, or match nobody.

    Each section is an expression, looked for anywhere in the name of a
    property; the first that is found counts. It must have all of create, read,
    update and delete, or glance-api does not start. A property that no section
    matches may be neither read nor set by anybody, also not by
    administrators: the file must end with a section for all others. With
    ``property_protection_rule_format = policies``, each of the four has one
    policy.

    Correct the sections that are named.
    """

    code = 'GLC721'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'p.conf': '[^x_.*]\ncreate = admin\n'},
        {'glance-api.conf': _CONF, 'p.conf': '[^x_.*]\n' + _ALL},
        {'glance-api.conf': _CONF, 'p.conf': '[x_(]\n' + _ALL + '[.*]\n'
         + _ALL},
        {'glance-api.conf': _CONF, 'p.conf': '[.*]\n' + _ALL + '[x_.*]\n'
         + _ALL},
        {'glance-api.conf': _CONF, 'p.conf':
         '[.*]\n' + _ALL.replace('create = @', 'create = @,!')},
        {'glance-api.conf': _CONF, 'p.conf': 'nonsense\n'},
        {'glance-api.conf': _CONF
         + 'property_protection_rule_format = policies\n',
         'p.conf': '[.*]\n' + _ALL.replace('update = @', 'update = a,b')},
    )
    good = (
        {'glance-api.conf': _CONF,
         'p.conf': '[^x_.*]\n' + _ALL + '[.*]\n' + _ALL},
        {'glance-api.conf': _CONF, 'p.conf': '[.*]\n'
         + _ALL.replace('@', '*********')},
    )

    _ANY = frozenset(('.*', '^.*', '.*$', '^.*$', '', '.', '^.', '.+', '^.+'))
    _MOST = 200

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        named = host.value('DEFAULT', 'property_protection_file')
        setting = host.setting('DEFAULT', 'property_protection_file')
        try:
            data = host.directory.data(named) if named else None
        except reading.Unreadable:
            return
        if data is None or setting is None:
            return
        policies = host.value(
            'DEFAULT', 'property_protection_rule_format') == 'policies'
        for evidence, remedy, severity in self._wrong(data, policies):
            yield self.found(
                host, masking.value(named), evidence, remedy, setting,
                severity=severity)

    def _wrong(self, data: bytes, policies: bool) -> Iterator[
            tuple[str, str, finding.Severity | None]]:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(data.decode())
        except (configparser.Error, ValueError) as error:
            yield ('The file cannot be read (%s).' % type(error).__name__,
                   'Write sections with "name = value" lines.', None)
            return
        all_others = ''
        for section in parser.sections()[:self._MOST]:
            shown = masking.name(section)
            if all_others:
                yield ('[%s] is after [%s], and never counts.' % (
                    shown, all_others), 'Move [%s] above [%s].' % (
                           shown, all_others), check.WARNING)
            try:
                # Its nesting is bounded by Python; it is never searched with.
                re.compile(section)
            except (re.error, RecursionError, OverflowError):
                yield ('[%s] is no regular expression.' % shown,
                       'Write one, such as [.*] for all properties.', None)
            lacking = [one for one in _OPERATIONS
                       if not parser.has_option(section, one)]
            if lacking:
                yield ('[%s] lacks %s.' % (shown, ', '.join(lacking)),
                       'Add them: "@" is everybody, "!" nobody.', None)
            yield from self._words(parser, section, policies)
            if section in self._ANY:
                all_others = all_others or shown or '.*'
        if not all_others:
            yield ('No section is for all other properties.',
                   'Add [.*] as the last, with create, read, update and '
                   'delete.', check.WARNING)

    def _words(self, parser: configparser.ConfigParser, section: str,
               policies: bool) -> Iterator[
            tuple[str, str, finding.Severity | None]]:
        shown = masking.name(section)
        for one in _OPERATIONS:
            text = parser.get(section, one, fallback='')
            words = [word.strip() for word in text.split(',')]
            if masking.hidden(text):
                continue
            if policies and len(words) > 1:
                yield ('[%s] %s names %d policies.' % (
                    shown, one, len(words)), 'Write a rule with "or" into the '
                    'policy file, and name that.', None)
            elif '@' in words and '!' in words:
                yield ('[%s] %s has "@" and "!".' % (shown, one),
                       'Keep one of them.', None)
