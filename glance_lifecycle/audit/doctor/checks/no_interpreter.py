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

"""GLC417"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding

_CONF = '[image_import_opts]\nimage_import_plugins = [%s]\n'
_INI = '[uwsgi]\nmodule = glance.wsgi.api\n'


class NoInterpreter(check.Check):
    """image_conversion does not know which Python to limit qemu-img with.

    It runs ``qemu-img info`` through a small program in Python that sets
    limits, and takes sys.executable for Python. Under uWSGI that is uwsgi
    itself: the command fails, and with it each import that is to be converted.

    Name the Python of glance-api's environment.
    """

    code = 'GLC417'
    bad = ({'glance-api.conf': _CONF % 'image_conversion',
            'glance-uwsgi.ini': _INI},)
    good = (
        {'glance-api.conf': _CONF % 'image_conversion'
         + '[wsgi]\npython_interpreter = /opt/glance/bin/python3\n',
         'glance-uwsgi.ini': _INI},
        # It finds one by itself.
        {'glance-api.conf': _CONF % 'lifecycle', 'glance-uwsgi.ini': _INI},
        {'glance-api.conf': _CONF % 'image_conversion'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if plugins.CONVERSION in (plugins.enabled(host) or ()) and not (
                host.value('wsgi', 'python_interpreter')):
            for found in uwsgi.of(host):
                yield self.found(
                    host, '[wsgi] python_interpreter',
                    'uWSGI runs glance-api, image_conversion is enabled, and '
                    'python_interpreter is not set.',
                    'Set python_interpreter = /usr/bin/python3 in [wsgi], or '
                    "the one of glance-api's virtual environment.",
                    plugins.setting(host), found.place('module'))
