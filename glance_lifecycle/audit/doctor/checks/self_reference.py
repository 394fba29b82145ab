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

"""GLC501"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding

_NAME = 'worker_self_reference_url'


class SelfReference(check.Check):
    """Hosts of one API do not know their own addresses.

    An image that is staged on one host can be imported only there. Another one
    that gets the request passes it on to the address which the first has put
    on the image: ``worker_self_reference_url``, or ``public_endpoint``, which
    leads to all of them. Without, imports fail now and then, by the host that
    the balancer chose, unless all share one staging directory.

    Set it on each host to a URL that the others reach this host by.
    """

    code = 'GLC501'
    bad = ({'a/glance-api.conf': '[DEFAULT]\ndebug = false\n',
            'b/glance-api.conf': '[DEFAULT]\n'
            'worker_self_reference_url = http://192.0.2.2:9292\n'},
           )
    good = (
        {'a/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.1:9292\n',
         'b/glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://192.0.2.2:9292\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n'},
    )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        lacking = [host for host in found
                   if host.setting('DEFAULT', _NAME) is None]
        if len(found) > 1 and lacking:
            yield self.found(
                lacking, '[DEFAULT] %s' % _NAME, '%s is not set on %s.' % (
                    _NAME, compared.names(lacking)),
                'Set %s = http://THIS-HOST:9292 in [DEFAULT] of '
                'glance-api.conf on each.' % _NAME)
