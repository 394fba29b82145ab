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

"""Options that are gone, and what others are often called."""

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import options

#: Said in guides and seen in configurations -> what is meant.
MEANT = {
    'use_keystone_quotas': 'use_keystone_limits',
    'description': 'store_description',
    'enabled_import_method': 'enabled_import_methods',
    'image_conversion_format': 'output_format',
    'import_plugins': 'image_import_plugins',
    'plugins': 'image_import_plugins',
    'pool': 'rbd_store_pool',
    'user': 'rbd_store_user',
    'ceph_conf': 'rbd_store_ceph_conf',
    'datadir': 'filesystem_store_datadir',
    # As Cinder calls them.
    'rbd_pool': 'rbd_store_pool',
    'rbd_user': 'rbd_store_user',
    'rbd_ceph_conf': 'rbd_store_ceph_conf',
    'user_domain': 'user_domain_name',
    'project_domain': 'project_domain_name',
}

_KEYSTONE = 'keystone_authtoken'

#: Gone, and what is to be set instead: without, the service has not what it
#: needs.
_MOVED = {
    ('DEFAULT', 'sql_connection'): ('database', 'connection'),
    ('database', 'idle_timeout'): ('database', 'connection_recycle_time'),
    ('DEFAULT', 'notification_driver'): (
        'oslo_messaging_notifications', 'driver'),
    ('DEFAULT', 'notifier_strategy'): (
        'oslo_messaging_notifications', 'driver'),
    ('DEFAULT', 'rabbit_host'): ('DEFAULT', 'transport_url'),
    ('DEFAULT', 'rabbit_hosts'): ('DEFAULT', 'transport_url'),
    ('DEFAULT', 'rabbit_password'): ('DEFAULT', 'transport_url'),
    ('DEFAULT', 'rabbit_userid'): ('DEFAULT', 'transport_url'),
    ('oslo_messaging_rabbit', 'rabbit_host'): ('DEFAULT', 'transport_url'),
    ('oslo_messaging_rabbit', 'rabbit_hosts'): ('DEFAULT', 'transport_url'),
    ('oslo_messaging_rabbit', 'rabbit_password'): (
        'DEFAULT', 'transport_url'),
    ('oslo_messaging_rabbit', 'rabbit_userid'): ('DEFAULT', 'transport_url'),
    (_KEYSTONE, 'auth_uri'): (_KEYSTONE, 'www_authenticate_uri'),
    (_KEYSTONE, 'identity_uri'): (_KEYSTONE, 'auth_url'),
    (_KEYSTONE, 'admin_user'): (_KEYSTONE, 'username'),
    (_KEYSTONE, 'admin_password'): (_KEYSTONE, 'password'),
    (_KEYSTONE, 'admin_tenant_name'): (_KEYSTONE, 'project_name'),
}

#: Of the standalone server, which is gone since 33. Deployment tools go on
#: to write them: that harms nobody.
LEFT_OVER = frozenset((
    'backlog', 'bind_host', 'bind_port', 'ca_file', 'cert_file',
    'client_socket_timeout', 'http_keepalive', 'key_file',
    'max_header_line', 'max_request_id_length', 'pydev_worker_debug_host',
    'pydev_worker_debug_port', 'tcp_keepidle', 'workers'))

# Removed before the releases that we have data of: name -> since when.
_OLDER = {
    'admin_password': 'Rocky', 'admin_tenant_name': 'Rocky',
    'admin_user': 'Rocky', 'auth_region': 'Rocky',
    'enable_v1_api': 'Rocky', 'enable_v1_registry': 'Rocky',
    'enable_v2_api': 'Victoria', 'enable_v2_registry': 'Ussuri',
    'owner_is_tenant': 'Victoria',
    'registry_client_protocol': 'Ussuri', 'registry_host': 'Ussuri',
    'registry_port': 'Ussuri', 'use_user_token': 'Ussuri',
}


def moved(setting: ini.Setting) -> tuple[str, str] | None:
    """Section and name of what takes the place of an option."""
    return _MOVED.get((options.group_name(setting.section), setting.name))


def removed(host: hosts.Host, setting: ini.Setting) -> str:
    """Since when an option is gone; empty if it never was one."""
    for release in reversed(options.RELEASES):
        if release < host.release:
            old = options.catalogue(release, tuple(host.stores.items()))
            if old.option(setting.section, setting.name) is not None:
                return 'Glance %d' % (release + 1)
    if setting.section == 'DEFAULT':
        if setting.name in LEFT_OVER:
            return 'an older release'
        return _OLDER.get(setting.name, '')
    return ''
