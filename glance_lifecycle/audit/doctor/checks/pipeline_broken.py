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


"""GLC751"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import paste
from glance_lifecycle.audit import finding

_FLAVOR = '[paste_deploy]\nflavor = %s\n'
_PASTE = ('[composite:api]\n'
          'paste.composite_factory = glance.api:pipeline_factory\n'
          'keystone = %s context rootapp\n'
          '[filter:authtoken]\n[filter:context]\n')


class PipelineBroken(check.Check):
    """A pipeline names a filter that is not there.

    In glance-api-paste.ini, what a request goes through is a list of filters,
    and each has a section of its own. If one has none, glance-api does not
    start with the flavor of that pipeline. Of a flavor that is not set, it is
    told as "info".

    Correct the name.
    """

    code = 'GLC751'
    severity = check.ERROR
    bad = ({'glance-api.conf': _FLAVOR % 'keystone',
            'glance-api-paste.ini': _PASTE % 'authtokn'},
           {'glance-api.conf': _FLAVOR % 'ours', 'glance-api-paste.ini':
            '[pipeline:glance-api-ours]\npipeline = cors rootapp\n'})
    good = ({'glance-api.conf': _FLAVOR % 'keystone',
             'glance-api-paste.ini': _PASTE % 'authtoken'},
            {'glance-api.conf': _FLAVOR % 'keystone',
             'glance-api-paste.ini': _PASTE % 'egg:oslo.middleware#cors'})

    _MOST = 20

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        file = paste.of(host)
        wrong = [(one, name) for one in file.pipelines()
                 for name in one.filters if not file.has(name)
                 ] if file else []
        for one, name in wrong[:self._MOST]:
            meant = near.closest(name, file.filters() if file else ())
            yield self.found(
                host, one.place.option, 'The pipeline %s names %s, and there '
                'is no [filter:%s].' % (
                    masking.name(one.name), masking.name(name),
                    masking.name(name)),
                'Write %s.' % masking.name(meant) if meant else
                'Remove it, or add the section.', one.place,
                host.setting('paste_deploy', 'flavor'),
                severity=None if one.used else check.INFO)
