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

"""GLC418"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_CONF = '[image_import_opts]\nimage_import_plugins = [lifecycle]\n'


class PluginNotLoaded(check.Check):
    """Glance cannot load an import plugin in this host's environment.

    It logs that, and imports without: nothing is converted, no signature is
    checked, and no policy applies, without a word to anybody. Looked at only
    with ``--this-host``, in the environment of Python that the doctor runs in,
    if Glance is in it.

    Install the package there, and start glance-api again.
    """

    code = 'GLC418'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"plugins": {"lifecycle": "it is not installed"}}'},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"plugins": {"lifecycle": "it fails with ImportError"}}'},
    )
    good = (
        {'glance-api.conf': _CONF,
         'this-host.json': '{"plugins": {"lifecycle": ""}}'},
        # The environment has no Glance.
        {'glance-api.conf': _CONF, 'this-host.json': '{}'},
        {'glance-api.conf': _CONF},
    )

    _MOST = 20

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = dict.fromkeys(plugins.enabled(host) or ())
        for name in list(names)[:self._MOST] if host.here else ():
            why = host.here.plugin(name) if host.here else None
            if why:
                yield self.found(
                    host, plugins.FULL_NAME,
                    'The import plugin "%s" cannot be loaded: %s.' % (
                        masking.name(name), why),
                    'Run: pip install glance-lifecycle, with the pip of '
                    "glance-api's environment." if name == plugins.OURS else
                    'Install the package that has it, or remove it.',
                    plugins.setting(host))
