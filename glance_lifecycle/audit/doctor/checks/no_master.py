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

"""GLC413"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class NoMaster(check.Check):
    """uWSGI has nobody to start a process again that died.

    Without ``master``, a process of glance-api that the kernel killed for its
    memory stays away, and the others carry on with less, until none is left.
    ``harakiri`` and the mercy of a reload are without effect as well.

    Set it for the uWSGI of glance-api.
    """

    code = 'GLC413'
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nprocesses = 2\n'},)
    good = ({'glance-uwsgi.ini': '[uwsgi]\nmaster = true\n'},
            {'glance-uwsgi.ini': '[uwsgi]\nM = true\n'},
            # It may stand in the other file.
            {'glance-uwsgi.ini': '[uwsgi]\ninherit = base.ini\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if not found.on('master') and not found.on('M') and (
                    not found.unknown('master', 'M')):
                yield self.found(
                    host, '[uwsgi] master', 'uWSGI runs without a master.',
                    'Set master = true in [uwsgi].', found.place('master'))
