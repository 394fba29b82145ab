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

"""GLC836"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import meant
from glance_lifecycle.audit import finding


class BadValueBeside(check.Check):
    """A value that an option of Nova or Cinder cannot have.

    The service does not start, or fails when it uses the option. Only options
    about images are looked at.

    Write a value as the option wants it.
    """

    code = 'GLC836'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '\n', 'nova.conf': '[libvirt]\n'
         'images_type = RBD\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[image_cache]\n'
         'manager_interval = 40m\n'},
        {'glance-api.conf': '\n', 'cinder.conf': '[DEFAULT]\n'
         'enabled_backends = a\n[a]\nimage_volume_cache_enabled = ja\n'},
        {'glance-api.conf': '\n', 'cinder.conf': '[DEFAULT]\n'
         'verify_glance_signatures = required\n'},
    )
    good = (
        {'glance-api.conf': '\n', 'nova.conf': '[libvirt]\n'
         'images_type = rbd\n[image_cache]\nmanager_interval = $interval\n'},
        {'glance-api.conf': '\n', 'nova.conf': '[libvirt]\n'
         'images_type = *********\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for service in host.beside.services:
            for setting in service.settings():
                kind = service.refused(setting)
                if kind is None:
                    continue
                name = masking.name(setting.name)
                better = meant.value(setting.name, kind, setting.value) if (
                    service.place(setting).value == setting.value) else None
                yield self.found(
                    service, '[%s] %s' % (
                        masking.name(setting.section), name),
                    '%s must be %s.' % (name, kinds.described(kind)),
                    'Write %s = %s.' % (name, better) if better else
                    'Write %s = VALUE, where VALUE is %s.' % (
                        name, kinds.described(kind)), setting)
