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

"""GLC228"""

from collections.abc import Iterator
import configparser

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:swift\n[glance_store]\n'
         'default_backend = a\n[a]\nswift_store_config_file = swift.conf\n'
         'default_swift_reference = %s\n')
_UNSET = _CONF.replace('default_swift_reference = %s\n', '')
_SWIFT = '[ref1]\nuser = service:glance\nkey = s3cr3t\n'


class SwiftReference(check.Check):
    """A Swift store refers to an account that its file does not have.

    ``swift_store_config_file`` has a section for each account, and
    ``default_swift_reference`` says which is written to. If there is none of
    that name, the store takes no images. If the store's own section does not
    say it, images go to ref1, and are recorded as being at
    ``swift+config://None/``: nobody can read them again.

    Name a section of the file, in the section of the store.
    """

    code = 'GLC228'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % 'ref2', 'swift.conf': _SWIFT},
           {'glance-api.conf': _UNSET, 'swift.conf': _SWIFT},
           {'glance-api.conf': _UNSET})
    good = ({'glance-api.conf': _CONF % 'ref1', 'swift.conf': _SWIFT},
            {'glance-api.conf': _CONF % 'ref2'},
            {'glance-api.conf': _CONF % 'ref2', 'swift.conf': '\n'},
            # These two do not go together: that is GLC232.
            {'glance-api.conf': _UNSET + 'swift_store_multi_tenant = true\n',
             'swift.conf': _SWIFT},
            {'glance-api.conf': _UNSET.replace('swift.conf', '')})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            path = host.value(store, 'swift_store_config_file') if (
                driver == 'swift') else None
            if not path or host.value(store, 'swift_store_multi_tenant'):
                continue
            sections = self._sections(host, path)
            setting = host.setting(store, 'default_swift_reference')
            name = host.value(store, 'default_swift_reference')
            if setting is None:
                # The driver looks for it there when it makes a location, and
                # sees no default.
                yield self._found(
                    host, store, name, sections,
                    'Images of the store %s are recorded as being at '
                    'swift+config://None/, where nobody finds them.'
                    % masking.name(store))
            elif name and sections and name not in sections:
                yield self._found(
                    host, store, name, sections,
                    'The file of the store %s has no section [%s].' % (
                        masking.name(store), masking.name(name)))

    def _found(self, host: hosts.Host, store: str, name: str,
               sections: list[str], evidence: str) -> finding.Finding:
        best = sections[0] if len(sections) == 1 else near.closest(
            name, sections, 0.5)
        if best or not sections:
            remedy = 'Set default_swift_reference = %s in [%s].' % (
                masking.name(best or name), masking.name(store))
        else:
            remedy = 'Set default_swift_reference in [%s] to one of: %s.' % (
                masking.name(store), ', '.join(map(
                    masking.name, sections[:5])))
        return self.found(
            host, 'store %s' % masking.name(store), evidence, remedy,
            host.setting(store, 'default_swift_reference')
            or host.setting(store, 'swift_store_config_file'))

    def _sections(self, host: hosts.Host, named: str | None) -> list[str]:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(
                ((host.directory.data(named) if named else None)
                 or b'').decode())
        except (reading.Unreadable, configparser.Error, ValueError):
            return []
        return parser.sections()
