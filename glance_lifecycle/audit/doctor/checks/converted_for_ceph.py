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

"""GLC406"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class ConvertedForCeph(check.Check):
    """Images are converted to a format that Ceph cannot clone.

    Nova and Cinder clone an image inside Ceph only if it is raw. Of any other
    format, each server and volume is downloaded, converted, and written whole.

    Set ``output_format = raw``, or use ``lifecycle``.
    """

    code = 'GLC406'
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
            '[glance_store]\ndefault_backend = a\n'
            '[a]\nrbd_store_user = glance\n',
            'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [image_conversion]\n'
            '[image_conversion]\noutput_format = qcow2\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
             '[glance_store]\ndefault_backend = a\n'
             '[a]\nrbd_store_user = glance\n',
             'glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = [image_conversion]\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        wanted = host.value('image_conversion', 'output_format')
        if (plugins.CONVERSION in (plugins.enabled(host) or ())
                and wanted not in ('raw', None)
                and 'rbd' in host.stores.values()):
            yield self.found(
                host, '[image_conversion] output_format',
                'Images are converted to %s, and there is a store in Ceph.'
                % wanted, 'Set output_format = raw in [image_conversion].',
                host.setting('image_conversion', 'output_format'),
                host.setting('DEFAULT', 'enabled_backends'))
