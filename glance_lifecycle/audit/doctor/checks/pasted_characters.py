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

"""GLC113"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class PastedCharacters(check.Check):
    """A line has characters that an editor or a web page put there.

    Typographic quotes are no quotes for oslo.config: they are part of the
    value. Spaces that do not break a line, and those without a width, look
    like spaces or like nothing, and are part of the value or the name as well.

    Type the line anew.
    """

    code = 'GLC113'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[glance_store]\n'
         'default_backend = \u201cfast\u201d\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_backends = a:file,\u00a0b:rbd\n'},
        {'glance-api.conf': '[DEFAULT]\nde\u200bbug = true\n'},
    )
    good = (
        {'glance-api.conf': '[glance_store]\ndefault_backend = "fast"\n'},
        # A text for people may have them.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[a]\nstore_description = the \u201cfast\u201d\u00a0one\n'},
    )

    _QUOTES = '\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb'
    _BLANKS = frozenset('\u00a0\u200b\u200c\u200d\u202f\u2060\ufeff')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            # A password may have any.
            if masking.is_secret(setting.name) or (
                    setting.name == 'store_description'):
                continue
            value = setting.value
            if (value and value[0] in self._QUOTES) or (
                    self._BLANKS.intersection(setting.name + value)):
                name = '[%s] %s' % (masking.name(setting.section),
                                    masking.option(setting.name))
                yield self.found(
                    host, name, 'The line has typographic quotes, or blanks '
                    'that are none.', 'Type line %d of %s anew, with plain '
                    'quotes or none, and plain spaces.' % (
                        setting.line, setting.path), setting)
