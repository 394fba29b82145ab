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

"""GLC835"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import service as services
from glance_lifecycle.audit import finding


class MisspeltBeside(check.Check):
    """An option about images that Nova or Cinder does not have.

    Nobody reads it, and what was meant is as it is by default. Only options
    are looked at whose names are nearly those of options about images, or that
    are known to be gone.

    Correct the name, or remove the line.
    """

    code = 'GLC835'
    bad = (
        {'glance-api.conf': '\n', 'nova.conf': '[image_cache]\n'
         'removal_unused_base_minimum_age_seconds = 86400\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[libvirt]\n'
         'image_type = rbd\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[DEFAULT]\n'
         'images_type = rbd\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[DEFAULT]\n'
         'verify_glance_signatures = true\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[glance]\n'
         'verify_glance_signature = true\n'},
        {'glance-api.conf': '\n', 'cinder.conf': '[DEFAULT]\n'
         'glance_api_version = 2\n'},
    )
    good = (
        {'glance-api.conf': '\n', 'nova.conf': '[image_cache]\n'
         'remove_unused_resized_minimum_age_seconds = 3600\n'
         'subdirectory_name = _base\n[libvirt]\nimages_type = rbd\n'
         'images_volume_group = vg\nrbd_users = x\n'
         '[glance]\napi_servers = http://g\nrbd_pool = images\n'},
        {'glance-api.conf': '\n', 'cinder.conf': '[DEFAULT]\n'
         'glance_api_servers = http://g\n'},
    )

    _MEANT = {
        'removal_unused_base_minimum_age_seconds':
            'remove_unused_original_minimum_age_seconds',
        'remove_unused_base_minimum_age_seconds':
            'remove_unused_original_minimum_age_seconds',
    }
    _GONE = {
        (services.CINDER, 'DEFAULT', 'glance_api_version'),
        (services.NOVA, 'glance', 'use_glance_v1'),
        (services.NOVA, 'glance', 'host'),
        (services.NOVA, 'glance', 'port'),
        (services.NOVA, 'glance', 'protocol'),
        (services.NOVA, 'libvirt', 'checksum_base_images'),
        (services.NOVA, 'image_cache', 'checksum_base_images'),
    }
    # Of options that the doctor does not judge.
    _OTHERS = {
        'image_cache': ('subdirectory_name',
                        'remove_unused_resized_minimum_age_seconds'),
        'glance': ('rbd_connect_timeout', 'rbd_pool', 'rbd_ceph_conf'),
        'libvirt': ('images_volume_group', 'rbd_connect_timeout',
                    'rbd_destroy_volume_retries', 'volume_use_multipath',
                    'rbd_destroy_volume_retry_interval'),
    }
    _EFFECTS = {'verify_glance_signatures': ', so signatures are not verified'}
    # Others have options of these names, too.
    _SHARED = frozenset(('insecure', 'rbd_user', 'vmdk_allowed_types',
                         'remove_unused_base_images', 'manager_interval',
                         'remove_unused_original_minimum_age_seconds'))
    _SECTIONS = ('image_cache', 'libvirt', 'glance')
    _LIBVIRT = ('images_', 'image_')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for service in host.beside.services:
            for setting in service.settings():
                section, name = setting.section.lower(), setting.name
                subject = '[%s] %s' % (masking.name(setting.section),
                                       masking.name(name))
                if (service.kind, setting.section, name) in self._GONE:
                    yield self.found(
                        service, subject, '%s no longer has it.'
                        % service.kind.capitalize(), 'Remove the line.',
                        setting, severity=check.INFO)
                elif service.kind == services.NOVA:
                    meant = self._meant(section, name)
                    home = self._home(section, name)
                    if meant:
                        yield self.found(
                            service, subject, 'Nova has no such option: it '
                            'is called %s.' % meant,
                            'Rename it to %s.' % meant, setting)
                    elif home:
                        yield self.found(
                            service, subject, '%s has no effect in [%s]: '
                            'Nova reads it in [%s]%s.' % (
                                masking.name(name),
                                masking.name(setting.section), home,
                                self._EFFECTS.get(name, '')),
                            'Move the line to the section [%s].' % home,
                            setting)

    def _home(self, section: str, name: str) -> str | None:
        homes = [group for group, one in services.NOVA_OPTIONS if one == name]
        return None if name in self._SHARED or not homes or (
            section in [group.lower() for group in homes]) else homes[0]

    def _meant(self, section: str, name: str) -> str | None:
        if section not in self._SECTIONS:
            return None
        known = [one for group, one in services.NOVA_OPTIONS
                 if group == section]
        if name in known or name in self._OTHERS[section] or (
                section == 'libvirt' and not name.startswith(self._LIBVIRT)):
            return None
        return self._MEANT.get(name) or near.closest(name, known)
