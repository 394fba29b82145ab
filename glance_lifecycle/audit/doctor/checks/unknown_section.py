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

"""GLC102"""

from collections.abc import Iterator
import itertools

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import store_sections
from glance_lifecycle.audit import finding

# Of one host.
_MOST = 100


class UnknownSection(check.Check):
    """A section that nobody reads.

    Nothing in such a section has any effect. Where its name is nearly that of
    another, it is a mistake. ``[default]`` is one, too: of all sections, only
    DEFAULT must be in upper case. Others may be left over from a store that
    is no longer in ``enabled_backends``, or another program's: that is told as
    "info". The section of a store is called as the store, which is before the
    colon in ``enabled_backends``, and not as its driver.

    Correct the name, or remove the section.
    """

    code = 'GLC102'
    bad = (
        {'glance-api.conf': '[default]\ndebug = true\n'},
        {'glance-api.conf': '[image_import_opt]\n'
         'image_import_plugins = [lifecycle]\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\n'
         '[fast]\nrbd_store_user = glance\n[slow]\nrbd_store_pool = slow\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = ceph:rbd\n'
         '[glance_store]\ndefault_backend = ceph\n'
         '[rbd]\nrbd_store_user = glance\n'},
    )
    good = (
        {'glance-api.conf': '[Glance_Store]\ndefault_store = file\n'},
        {'glance-api.conf': '[keystone_authtoken]\nauth_section = shared\n'
         '[shared]\nusername = glance\n'},
        # Which stores there are is not known then.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = slow:file,\n'
         '[slow]\nfilesystem_store_datadir = /srv\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        groups = host.catalogue.groups
        misnamed, store = store_sections.misnamed(host) or ('', '')
        unknown = ((section, place) for section, place in host.sections()
                   if options.group_name(section) not in groups)
        for section, place in itertools.islice(unknown, _MOST):
            name = masking.name(section)
            meant = near.closest(
                options.group_name(section), (*groups, 'default'))
            if misnamed and section == misnamed:
                yield self.found(
                    host, '[%s]' % name, 'Nobody reads the section [%s], and '
                    'the store %s has no section.' % (
                        name, masking.name(store)),
                    'Rename [%s] to [%s].' % (name, masking.name(store)),
                    place, host.setting('DEFAULT', 'enabled_backends'))
            elif meant:
                meant = 'DEFAULT' if meant == 'default' else meant
                yield self.found(
                    host, '[%s]' % name, 'Nobody reads the section [%s]: it '
                    'is called [%s].' % (name, meant),
                    'Rename it to [%s].' % meant, place)
            elif store_sections.drivers(host, section):
                if host.multi_store and not host.stores:
                    continue
                yield self.found(
                    host, '[%s]' % name, 'Nobody reads the section [%s], '
                    'which looks like a store: %s.' % (
                        name, 'it is not in [DEFAULT] enabled_backends'),
                    'Add it to enabled_backends, or remove the section.',
                    place, severity=check.INFO)
            else:
                yield self.found(
                    host, '[%s]' % name, 'Nobody in Glance %d reads the '
                    'section [%s].' % (host.release, name),
                    'Remove it, unless something else reads it.', place,
                    severity=check.INFO)
