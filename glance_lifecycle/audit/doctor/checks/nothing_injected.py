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

"""GLC428"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class NothingInjected(check.Check):
    """Properties are to be injected, and the plugin that does is not enabled.

    ``[inject_metadata_properties] inject`` is read by the import plugin
    ``inject_image_metadata``. Without it in ``image_import_plugins``, images
    get none of these properties.

    Add the plugin, or remove the properties.
    """

    code = 'GLC428'
    bad = ({'glance-image-import.conf':
            '[inject_metadata_properties]\ninject = hw_disk_bus:scsi\n'
            '[image_import_opts]\nimage_import_plugins = [no_op]\n'},)
    good = ({'glance-image-import.conf':
             '[inject_metadata_properties]\ninject = hw_disk_bus:scsi\n'
             '[image_import_opts]\n'
             'image_import_plugins = [inject_image_metadata]\n'},
            {'glance-image-import.conf':
             '[inject_metadata_properties]\ninject =\n'})

    _PLUGIN = 'inject_image_metadata'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.enabled(host)
        setting = host.setting('inject_metadata_properties', 'inject')
        better = plugins.corrected(names or ())
        if setting and setting.value and names is not None and (
                self._PLUGIN not in better):
            yield self.found(
                host, '[inject_metadata_properties] inject',
                'image_import_plugins does not have %s, so nothing is '
                'injected.' % self._PLUGIN,
                'Set %s in [image_import_opts].' % plugins.line([
                    self._PLUGIN, *sorted(
                        (one for one in better if one != 'no_op'),
                        # What is packed comes before all: GLC429.
                        key=lambda one: one != 'image_decompression')]),
                setting, plugins.setting(host))
