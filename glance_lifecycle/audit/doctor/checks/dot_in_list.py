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

"""GLC111"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_LISTS = ('disk_formats', 'container_formats')


class DotInList(check.Check):
    """A dot where a comma was meant, in a list of formats.

    A packaged sample had ``ploop.root-tar``, and many configurations copied
    it. It is one format with a strange name: images of the two that were meant
    are refused.

    Write a comma.
    """

    code = 'GLC111'
    bad = ({'glance-api.conf': '[image_format]\n'
            'disk_formats = ami,ari,aki,vhd,raw,qcow2,iso,ploop.root-tar\n'},
           {'glance-api.conf': '[image_format]\n'
            'disk_formats = raw qcow2 iso\n'},
           )
    good = ({'glance-api.conf': '[image_format]\n'
             'disk_formats = ami,ari,aki,vhd,raw,qcow2,iso,ploop,x.y\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for name in _LISTS:
            setting = host.setting('image_format', name)
            option = host.catalogue.option('image_format', name)
            if setting is None or option is None:
                continue
            known = set(option.default or ())
            for item in host.value('image_format', name) or ():
                if known.intersection(item.split('.')) - {item}:
                    shown = masking.name(item)
                    yield self.found(
                        host, option.full_name, '"%s" is one format, with a '
                        'dot in its name.' % shown, 'Write "%s".' %
                        shown.replace('.', ','), setting)
                elif known.intersection(item.split()) - {item}:
                    yield self.found(
                        host, option.full_name, '"%s" is one format, with '
                        'blanks in its name.' % masking.name(item),
                        # Another line may be an option, that is indented.
                        'Write commas between them.' if '\n' in item else
                        'Write "%s".' % masking.name(
                            ','.join(item.split())), setting)
