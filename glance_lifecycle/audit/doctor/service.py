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

"""A configuration of Nova or Cinder.

Only the options below are judged, and only their values are ever shown: none
of them is a secret.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from glance_lifecycle.audit.doctor import ceph as cephs
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import kinds
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

NOVA = 'nova'
CINDER = 'cinder'

_LONGEST = 1000

_STR: kinds.Spec = ['str', {}]
_BOOL: kinds.Spec = ['bool']
_INT: kinds.Spec = ['int', None, None]
_LIST: kinds.Spec = ['list', _STR, False]

#: Options that are known: (section, name) -> type and default. As Nova has
#: them in nova/conf, and Cinder in cinder/common/config.py, in
#: cinder/image/*.py and, of its back ends, in cinder/volume; 2025.2 to 2026.2.
NOVA_OPTIONS: Mapping[tuple[str, str], tuple[kinds.Spec, Any]] = {
    ('DEFAULT', 'force_raw_images'): (_BOOL, True),
    ('DEFAULT', 'use_cow_images'): (_BOOL, True),
    ('compute', 'vmdk_allowed_types'): (_LIST, []),
    ('glance', 'api_insecure'): (_BOOL, False),
    ('glance', 'insecure'): (_BOOL, False),
    ('glance', 'verify_glance_signatures'): (_BOOL, False),
    ('glance', 'enable_certificate_validation'): (_BOOL, False),
    ('glance', 'default_trusted_certificate_ids'): (_LIST, []),
    ('glance', 'enable_rbd_download'): (_BOOL, False),
    ('image_cache', 'manager_interval'): (_INT, 2400),
    ('image_cache', 'precache_concurrency'): (_INT, 1),
    ('image_cache', 'remove_unused_base_images'): (_BOOL, True),
    ('image_cache', 'remove_unused_original_minimum_age_seconds'): (
        _INT, 86400),
    ('libvirt', 'images_type'): (['str', {'choices': [
        'raw', 'flat', 'qcow2', 'lvm', 'rbd', 'ploop', 'default']}],
        'default'),
    ('libvirt', 'images_rbd_pool'): (_STR, 'rbd'),
    ('libvirt', 'images_rbd_ceph_conf'): (_STR, ''),
    ('libvirt', 'images_rbd_glance_store_name'): (_STR, ''),
    ('libvirt', 'images_rbd_glance_copy_poll_interval'): (_INT, 15),
    ('libvirt', 'images_rbd_glance_copy_timeout'): (_INT, 600),
    ('libvirt', 'rbd_user'): (_STR, ''),
    ('libvirt', 'rbd_secret_uuid'): (_STR, ''),
    ('workarounds', 'disable_deep_image_inspection'): (_BOOL, False),

}
# Names that Nova still reads: (section, name) -> those of old.
_OLD_NAMES: Mapping[tuple[str, str], tuple[str, str]] = {
    ('image_cache', 'manager_interval'): (
        'DEFAULT', 'image_cache_manager_interval'),
    ('image_cache', 'remove_unused_base_images'): (
        'DEFAULT', 'remove_unused_base_images'),
    ('image_cache', 'remove_unused_original_minimum_age_seconds'): (
        'DEFAULT', 'remove_unused_original_minimum_age_seconds'),
}
CINDER_OPTIONS: Mapping[tuple[str, str], tuple[kinds.Spec, Any]] = {
    ('DEFAULT', 'allowed_direct_url_schemes'): (_LIST, []),
    ('DEFAULT', 'cinder_internal_tenant_project_id'): (_STR, ''),
    ('DEFAULT', 'cinder_internal_tenant_user_id'): (_STR, ''),
    ('DEFAULT', 'enabled_backends'): (_LIST, []),
    ('DEFAULT', 'glance_api_insecure'): (_BOOL, False),
    ('DEFAULT', 'image_conversion_disable'): (_BOOL, False),
    ('DEFAULT', 'verify_glance_signatures'): (['str', {'choices': [
        'disabled', 'enabled']}], 'enabled'),
    ('DEFAULT', 'vmdk_allowed_types'): (_LIST, []),
    ('glance', 'auth_type'): (_STR, ''),
    ('service_user', 'send_service_user_token'): (_BOOL, False),
}
# In the section of a back end; what it lacks is looked for in the other one.
_BACKEND_DEFAULTS = 'backend_defaults'
BACKEND_OPTIONS: Mapping[str, tuple[kinds.Spec, Any]] = {
    'image_upload_use_cinder_backend': (_BOOL, False),
    'image_volume_cache_enabled': (_BOOL, False),
    'rbd_ceph_conf': (_STR, ''),
    'rbd_flatten_volume_from_snapshot': (_BOOL, False),
    'rbd_pool': (_STR, 'rbd'),
    'rbd_user': (_STR, ''),
    'volume_driver': (_STR, ''),
}


class Service:
    """The configuration of Nova or Cinder on a host.

    :ivar kind: NOVA or CINDER
    :ivar name: of the host
    :ivar files: in the order in which they are read; the later wins

    :param confs: where its ceph.conf may lie
    """

    def __init__(self, kind: str, name: str,
                 read: Sequence[files.File],
                 confs: Sequence[cephs.Place]) -> None:
        self.kind = kind
        self.name = name
        self.files = tuple(read)
        self._confs = cephs.Places(confs)
        self._converted: dict[ini.Setting, Any] = {}
        self._settings = {
            (_group(setting.section), setting.name): setting
            for file in self.files for setting in file.parsed.settings}

    def setting(self, section: str, name: str) -> ini.Setting | None:
        """Where the value that counts stands; None if it is the default."""
        key = (_group(section), name)
        found = self._settings.get(key)
        if found is None and self.kind == NOVA and key in _OLD_NAMES:
            return self._settings.get(_OLD_NAMES[key])
        if found is None and self.kind == CINDER and (
                section != 'DEFAULT' and name in BACKEND_OPTIONS):
            return self._settings.get((_BACKEND_DEFAULTS, name))
        return found

    def settings(self) -> Iterable[ini.Setting]:
        """Those that count."""
        return self._settings.values()

    def sections(self) -> list[str]:
        """As oslo.config compares them."""
        return list(dict.fromkeys(section for section, _ in self._settings))

    def refused(self, setting: ini.Setting) -> kinds.Spec | None:
        """What a value must be that the service does not take.

        None if it takes it, or that cannot be told.
        """
        try:
            kind, _default = self._known(setting.section, setting.name)
        except KeyError:
            return None
        if masking.hidden(setting.value) or '$' in setting.value or (
                len(setting.value) > _LONGEST):
            return None
        try:
            kinds.load(kind)(setting.value)
        except ValueError:
            return kind
        return None

    def value(self, section: str, name: str) -> Any:
        """The value that counts, converted; None if it cannot be used.

        :raises Hidden: a report has taken it away
        :raises KeyError: the option is not among those that are known
        """
        kind, default = self._known(section, name)
        setting = self.setting(section, name)
        if setting is None:
            return default
        if masking.hidden(setting.value):
            raise masking.Hidden
        # What another option names is not followed here.
        if '$' in setting.value or len(setting.value) > _LONGEST:
            return None
        # One that the command line names is asked for each host of Glance.
        if setting not in self._converted:
            try:
                self._converted[setting] = kinds.load(kind)(setting.value)
            except ValueError:
                self._converted[setting] = None
        return self._converted[setting]

    def has(self, section: str) -> bool:
        """Whether a section of this name has options."""
        return any(one == _group(section) for one, _name in self._settings)

    def backends(self, driver: str) -> list[str]:
        """Sections of Cinder's back ends with a word in their driver."""
        return [one for one in self.value('DEFAULT', 'enabled_backends') or ()
                if driver in (self.value(one, 'volume_driver') or '')]

    def ceph_conf(self, named: str) -> cephs.Conf | None:
        """The ceph.conf that it reads by this name, if it is at hand."""
        return self._confs.conf(named)

    def place(self, setting: ini.Setting) -> finding.Place:
        """Where it stands, and its value as far as it may be shown."""
        try:
            self._known(setting.section, setting.name)
            known = not masking.is_secret(setting.name)
        except KeyError:
            known = False
        return finding.Place(
            setting.path, setting.line, '[%s] %s' % (
                masking.name(setting.section), masking.option(setting.name)),
            masking.value(setting.value) if known else None)

    def _known(self, section: str, name: str) -> tuple[kinds.Spec, Any]:
        known = NOVA_OPTIONS if self.kind == NOVA else CINDER_OPTIONS
        found = known.get((_group(section), name))
        if found is None and self.kind == CINDER:
            found = BACKEND_OPTIONS.get(name)
        if found is None:
            raise KeyError(name)
        return found


def _group(section: str) -> str:
    return section if section == 'DEFAULT' else section.lower()
