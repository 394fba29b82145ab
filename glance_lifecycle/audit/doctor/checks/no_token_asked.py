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

"""GLC725"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import paste as pastes
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding


_PASTE = ('[composite:api]\n'
          'paste.composite_factory = glance.api:pipeline_factory\n'
          'keystone = cors %s context rootapp\n'
          '[filter:authtoken]\n'
          'paste.filter_factory = keystonemiddleware.auth_token:filter_factory'
          '\n[filter:cors]\n'
          'paste.filter_factory =  oslo_middleware.cors:filter_factory\n'
          '[filter:context]\npaste.filter_factory = '
          'glance.api.middleware.context:ContextMiddleware.factory\n'
          '[filter:ours]\npaste.filter_factory = ours:factory\n')
_AUTH = '[keystone_authtoken]\nauth_url = https://keystone.example\n'


class NoTokenAsked(check.Check):
    """The API asks nobody for a token.

    ``flavor`` of ``[paste_deploy]`` chooses what a request goes through. It
    has no default; without one that has "keystone" in its name, everybody who
    reaches the API is an administrator, whatever ``[keystone_authtoken]``
    says. The pipeline of that name, in glance-api-paste.ini, must have the
    filter authtoken: without, Glance believes what the headers of a request
    say (X-Identity-Status, X-Roles), and who writes them is an administrator.
    Of a flavor that is not set, it is told as a warning.

    Set the flavor, and leave authtoken in its pipeline, before "context".
    """

    code = 'GLC725'
    severity = check.ERROR
    bad = ({'glance-api.conf': _AUTH},
           {'glance-api.conf': _AUTH + '[paste_deploy]\nflavor = caching\n'},
           {'glance-api.conf': '[paste_deploy]\nflavor = keystone\n',
            'glance-api-paste.ini': _PASTE % ''},
           {'glance-api.conf': '[paste_deploy]\nflavor = keystone+caching\n',
            'glance-api-paste.ini': _PASTE % ''})
    good = (
        {'glance-api.conf': _AUTH + '[paste_deploy]\nflavor = keystone\n'},
        {'glance-api.conf': _AUTH + '[paste_deploy]\nflavor = *********\n'},
        {'glance-api.conf': '[paste_deploy]\nflavor = keystone\n',
         'glance-api-paste.ini': _PASTE % 'authtoken'},
        # It may ask for one.
        {'glance-api.conf': '[paste_deploy]\nflavor = keystone\n',
         'glance-api-paste.ini': _PASTE % 'ours'},
        # Its own pipelines may ask for one.
        {'glance-api.conf': _AUTH + '[paste_deploy]\nconfig_file = x.ini\n'},
        {'glance-api.conf': _AUTH, 'glance-api-paste.ini':
         '[pipeline:glance-api]\npipeline = authtoken context rootapp\n'},
        # A part of a configuration.
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n'},
    )

    _OPEN = ('', 'caching', 'cachemanagement')
    _OWN = re.compile(rb'^\[(?:pipeline|composite):glance-api\][^\[]*'
                      rb'\bauthtoken\b', re.MULTILINE)

    # What asks nobody.
    _STOCK = ('glance.', 'oslo_middleware', 'osprofiler.')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        yield from self._pipelines(host)
        flavor = host.value('paste_deploy', 'flavor') or ''
        token = [place for section, place in host.sections()
                 if section == 'keystone_authtoken']
        if flavor.strip() not in self._OPEN or not token or host.setting(
                'paste_deploy', 'config_file'):
            return
        try:
            paste = host.directory.data('glance-api-paste.ini') or b''
        except reading.Unreadable:
            return
        if not self._OWN.search(paste):
            yield self.found(
                host, '[paste_deploy] flavor', 'flavor is %s, so nobody is '
                'asked for a token.' % (
                    '"%s"' % flavor if flavor else 'not set'),
                'Set flavor = %s in [paste_deploy] of glance-api.conf.' % (
                    'keystone+%s' % flavor if flavor else 'keystone'),
                host.setting('paste_deploy', 'flavor') or token[0])

    def _pipelines(self, host: hosts.Host) -> Iterator[finding.Finding]:
        file = pastes.of(host)
        for one in file.pipelines() if file else ():
            # Of one that is not there, GLC751 tells.
            if file is None or 'keystone' not in one.name or not all(
                    file.has(name) and file.factory(name).strip().startswith(
                        self._STOCK) for name in one.filters):
                continue
            yield self.found(
                host, one.place.option, 'The pipeline %s has no filter that '
                'asks for a token: a request with the headers '
                'X-Identity-Status and X-Roles has the roles that it names.'
                % masking.name(one.name),
                'Write authtoken before context in that line.', one.place,
                host.setting('paste_deploy', 'flavor'),
                severity=None if one.used else check.WARNING)
