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

"""GLC117"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding


class NotRead(check.Check):
    """A file in a directory of configuration is not read, by its name.

    oslo.config reads the files of glance.conf.d and glance-api.conf.d whose
    names end with ".conf", and no others. Names that end in ".bak" and the
    like were meant to be left out.

    Rename the file, or remove it.
    """

    code = 'GLC117'
    bad = ({'glance-api.conf': '\n', 'glance-api.conf.d/50-stores':
            '[DEFAULT]\nenabled_backends = a:rbd\n'},
           {'glance-api.conf': '\n', 'glance.conf.d/50-stores.cfg':
            '[DEFAULT]\nenabled_backends = a:rbd\n'})
    good = ({'glance-api.conf': '\n', 'glance-api.conf.d/50-stores.conf':
             '[DEFAULT]\nlog_dir = /var/log/glance\n'},
            {'glance-api.conf': '\n', 'glance-api.conf.d/README':
             'Put files here.\n', 'glance-api.conf.d/x.conf.bak':
             '[DEFAULT]\ndebug = true\n'})

    _DIRECTORIES = ('glance.conf.d', 'glance-api.conf.d')
    _MEANT = ('cfg', 'cnf', 'config', 'ini', 'txt')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for directory in self._DIRECTORIES:
            for name in host.directory.names(directory):
                path = '%s/%s' % (directory, name)
                ending = name.rpartition('.')[2]
                if ('.' not in name or ending in self._MEANT) and (
                        self._is_configuration(host, path)):
                    shown = host.directory.shown(path)
                    yield self.found(
                        host, masking.name(path), 'It has options, and its '
                        'name does not end with ".conf": it is not read.',
                        'Rename it to %s.conf, or remove it.' % masking.name(
                            name.removesuffix('.' + ending)
                            if '.' in name else name),
                        finding.Place(shown))

    def _is_configuration(self, host: hosts.Host, path: str) -> bool:
        try:
            text = (host.directory.data(path) or b'').decode()
        except (reading.Unreadable, ValueError):
            return False
        return any(
            host.catalogue.option(one.section, one.name)
            for one in ini.parse(text, path).settings[:100]
            if options.group_name(one.section) in host.catalogue.groups)
