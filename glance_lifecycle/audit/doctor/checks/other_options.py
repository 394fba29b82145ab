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

"""GLC506"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding

# Of glance-api, what decides which images it takes and shows.
_SAME = (
    'container_formats', 'disk_formats', 'enabled_import_methods',
    'hashing_algorithm', 'image_property_quota', 'image_size_cap',
    'node_staging_uri', 'property_protection_file',
    'require_image_format_match', 'show_image_direct_url',
    'show_multiple_locations', 'use_keystone_limits')
_SECTIONS = ('DEFAULT', 'image_format')

# Of ours, what is a host's own.
_OWN = frozenset((
    'state_dir', 'python_interpreter', 'nice', 'group_nice', 'directory',
    'metrics_bind', 'metrics_port'))
_OURS = ('lifecycle', 'lifecycle_transfer', 'lifecycle_signing',
         'lifecycle_protection')


class OtherOptions(check.Check):
    """An option differs between hosts of one API.

    It decides which images are taken, how they are checked, or what users see
    of them. What is refused by one host is then taken by the next, and no
    user can tell why.

    Set the same value on every host.
    """

    code = 'GLC506'
    bad = ({'a/glance-api.conf': '[DEFAULT]\n'
            'show_multiple_locations = true\n',
            'b/glance-api.conf': '[DEFAULT]\ndebug = false\n'},
           )
    good = ({'a/glance-api.conf': '[DEFAULT]\n'
             'show_multiple_locations = true\n'
             '[lifecycle]\nstate_dir = /srv/a\n',
             'b/glance-api.conf': '[DEFAULT]\nshow_multiple_locations = 1\n'},
            )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        groups = found[0].catalogue.groups
        for section, names in (
                *((section, _SAME) for section in _SECTIONS),
                *((section, groups[section]) for section in _OURS)):
            for name in names:
                option = groups[section].get(name)
                if option is None or option.secret or name in _OWN or not any(
                        host.setting(section, name) for host in found):
                    continue
                yield from self._compared(found, section, name)

    def _compared(self, found: Sequence[hosts.Host], section: str, name: str
                  ) -> Iterator[finding.Finding]:
        differing = compared.differing(
            found, lambda host: host.value(section, name))
        if differing:
            some = compared.fewest(differing)
            yield self.found(
                some, '[%s] %s' % (section, name),
                '%s has another [%s] %s than the others.' % (
                    compared.names(some), section, name),
                'Set the same value on every host.',
                *(host.place(setting) for host in found
                  if (setting := host.setting(section, name))))
