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

"""GLC432"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class NothingConverted(check.Check):
    """Images are to be converted, and no plugin that does is enabled.

    ``[image_conversion] output_format`` is read by the import plugin
    ``image_conversion`` alone. Without it in ``image_import_plugins``, and
    without ``lifecycle``, images stay as they were uploaded.

    Enable a plugin, or remove the option.
    """

    code = 'GLC432'
    bad = ({'glance-image-import.conf':
            '[image_conversion]\noutput_format = raw\n'},
           {'glance-image-import.conf':
            '[image_conversion]\noutput_format = raw\n[image_import_opts]\n'
            'image_import_plugins = [image_decompression]\n'})
    good = ({'glance-image-import.conf':
             '[image_conversion]\noutput_format = raw\n[image_import_opts]\n'
             'image_import_plugins = [image_conversion]\n'},
            # What that converts, its policy says.
            {'glance-image-import.conf':
             '[image_conversion]\noutput_format = raw\n[image_import_opts]\n'
             'image_import_plugins = [lifecycle]\n'},
            {'glance-image-import.conf': '[image_conversion]\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.enabled(host)
        setting = host.setting('image_conversion', 'output_format')
        meant = plugins.corrected(names or ())
        if setting and not masking.hidden(setting.value) and (
                names is not None) and not (
                    {plugins.CONVERSION, plugins.OURS} & {*meant}):
            yield self.found(
                host, '[image_conversion] output_format',
                'image_import_plugins does not have %s, so nothing is '
                'converted.' % plugins.CONVERSION,
                'Set %s in [image_import_opts].' % plugins.line([
                    *(one for one in meant if one != 'no_op'),
                    plugins.CONVERSION]), setting, plugins.setting(host))
