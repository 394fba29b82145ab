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

"""GLC109"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor.checks import bad_value
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

# Texts for people.
_FREE = ('description', 'format', 'string', 'message')


class CommentInValue(check.Check):
    """A comment that became part of a value.

    oslo.config knows comments only as lines of their own. What stands behind
    a value belongs to it: a number is refused, and a path or a name is
    another one.

    Put the comment on a line of its own.
    """

    code = 'GLC109'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nimage_cache_max_size = 10737418240'
         '   # 10 GiB\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\n'
         '[fast]\nrbd_store_user = glance\n'
         'rbd_store_pool = images # on flash\n'},
        {'glance-api.conf': '[DEFAULT]\nnode_staging_uri = file:///srv/fast'
         '   ## main\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\n# 10 GiB\n'
         'image_cache_max_size = 10737418240\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = fast:rbd\n'
         '[glance_store]\ndefault_backend = fast\n'
         '[fast]\nrbd_store_user = glance\nstore_description = Pool # 1\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            option = host.option(setting)
            before = ini.without_comment(setting.value)
            if (option is None or before is None or option.secret
                    or masking.is_secret(setting.name)
                    or masking.hidden(setting.value)
                    or setting.name.endswith(_FREE)):
                continue
            if bad_value.good(host, option, setting.value) and (
                    '#' not in setting.value):
                # A semicolon may well be part of a text.
                continue
            yield self.found(
                host, option.full_name, 'The comment behind the value is '
                'part of it: %s is %s.' % (
                    option.full_name, host.shown(setting)),
                'Write %s = %s, and the comment on a line of its own.' % (
                    option.name, 'VALUE' if '\n' in before else
                    masking.value(before)), setting)
