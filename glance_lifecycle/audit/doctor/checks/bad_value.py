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

"""GLC105"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import meant
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class BadValue(check.Check):
    """A value that the option cannot have.

    It is of another type, out of range, not one of the choices, or a list
    that lacks its brackets. The service fails: when it starts, or not until
    it uses the option, which may be in the middle of an import. oslo.config
    looks only then.

    Write a value as the option wants it.
    """

    code = 'GLC105'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\ndebug = perhaps\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = glance-direct,web-download\n'},
        {'glance-api.conf': '[DEFAULT]\n'
         'enabled_import_methods = [glance-direct,upload]\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = rbd\n'},
        {'glance-image-import.conf': '[image_conversion]\n'
         'output_format = vmdk2\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,\n'},
        {'glance-api.conf': '[DEFAULT]\nimage_size_cap = 0\n'
         'image_property_quota = unlimited\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\ndebug = True\n'
         'enabled_import_methods = [glance-direct, web-download]\n'},
        # A report hides what it takes for a secret.
        {'glance-api.conf': '[DEFAULT]\nimage_size_cap = *********\n'},
        {'glance-api.conf': '[DEFAULT]\nimage_member_quota = 12\n'
         'image_tag_quota = $image_member_quota\n'},
        # It is not read then: that is GLC205.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = ceph:rbd\n'
         '[glance_store]\ndefault_backend = ceph\ndefault_store = ceph\n'
         '[ceph]\nrbd_store_user = glance\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            option = host.option(setting)
            if option is None or masking.hidden(setting.value) or (
                    host.unread(option)) or good(host, option, setting.value):
                continue
            before = ini.without_comment(setting.value)
            if before is not None and good(host, option, before):
                # Another check's.
                continue
            yield self.found(
                host, option.full_name, '%s is %s, and must be %s.' % (
                    option.full_name, host.shown(setting),
                    kinds.described(option.kind)),
                self._remedy(host, option, setting), setting)

    def _remedy(self, host: hosts.Host, option: options.Option,
                setting: ini.Setting) -> str:
        # What is masked, or not shown at all, is not repeated.
        better = meant.value(option.name, option.kind, setting.value) if (
            host.place(setting).value == setting.value) else None
        if better and better == setting.value.strip().rstrip(', '):
            return 'Remove the comma at the end: write %s = %s.' % (
                option.name, better)
        if (option.name, setting.value.strip()) == ('image_size_cap', '0'):
            return 'Remove the line: an image may then have up to 1 TiB.'
        return 'Write %s = %s.' % (option.name, better) if better else (
            'Write %s = VALUE, where VALUE is %s.' % (
                option.name, kinds.described(option.kind)))


def good(host: hosts.Host, option: options.Option, value: str) -> bool:
    """Whether the service takes it, as far as that can be told."""
    try:
        value = host.substituted(value, option.group)
    except ValueError:
        return True
    try:
        option.convert(value)
    except ValueError:
        return False
    return True
