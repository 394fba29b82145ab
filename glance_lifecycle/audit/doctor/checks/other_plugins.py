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

"""GLC503"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class OtherPlugins(check.Check):
    """Hosts of one API import with different plugins.

    Which host imports an image is up to the balancer, or to who staged it. One
    that lacks the plugin imports without conversion, without checking
    signatures, and without the policy, and nobody sees which images it was.

    Give every host the same ``image_import_plugins``.
    """

    code = 'GLC503'
    severity = check.ERROR
    bad = ({'a/glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [lifecycle]\n',
            'b/glance-api.conf': '[DEFAULT]\ndebug = false\n'},
           )
    good = ({'a/glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = [lifecycle]\n',
             'b/glance-api.conf': '[image_import_opts]\n'
             'image_import_plugins = ["lifecycle"]\n'},
            )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        groups = compared.differing(found, plugins.enabled)
        if not groups:
            return
        # Not those whose answer a report has taken away.
        told = [host for group in groups.values() for host in group]
        lacking = [host for host in told
                   if plugins.OURS not in (plugins.enabled(host) or ())]
        some = lacking if 0 < len(lacking) < len(told) else (
            compared.fewest(groups))
        yield self.found(
            some, plugins.FULL_NAME,
            '%s imports without lifecycle, which others have.'
            % compared.names(some) if some is lacking else
            '%s does not have the import plugins of the others.'
            % compared.names(some),
            'Set the same image_import_plugins on every host.',
            *(host.place(setting) for host in found
              if (setting := plugins.setting(host))))
