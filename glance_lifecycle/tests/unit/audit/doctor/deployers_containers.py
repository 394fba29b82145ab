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

"""The same of tools that run each service in a container."""

from glance_lifecycle.tests.unit.audit.doctor import deployers

KOLLA = {
    'etc/kolla/glance-api/glance-api.conf': """\
[DEFAULT]
debug = False
log_file = /var/log/kolla/glance/glance-api.log
worker_self_reference_url = http://192.0.2.21:9292
show_multiple_locations = True
enabled_backends = rbd:rbd
transport_url = rabbit://openstack:s3cr3t@192.0.2.21:5672,o:s@192.0.2.22:5672//
[database]
connection = mysql+pymysql://glance:s3cr3t@192.0.2.20:3306/glance
connection_recycle_time = 10
max_pool_size = 1
max_retries = -1
[glance_store]
default_backend = rbd
[rbd]
rbd_store_user = glance
rbd_store_pool = images
rbd_store_chunk_size = 8
rbd_store_ceph_conf = /etc/ceph/ceph.conf
[os_glance_tasks_store]
filesystem_store_datadir = /var/lib/glance/tasks_work_dir
[os_glance_staging_store]
filesystem_store_datadir = /var/lib/glance/staging
[paste_deploy]
flavor = keystone
[oslo_middleware]
enable_proxy_headers_parsing = True
[oslo_concurrency]
lock_path = /var/lib/glance/tmp
[oslo_messaging_notifications]
transport_url = rabbit://openstack:s3cr3t@192.0.2.21:5672//
driver = noop
[oslo_messaging_rabbit]
heartbeat_in_pthread = false
rabbit_quorum_queue = true
[image_import_opts]
image_import_plugins = [lifecycle]
""" + deployers.TOKEN,
    'etc/kolla/glance-api/glance-api-uwsgi.ini': """\
[uwsgi]
add-header = Connection: close
buffer-size = 65535
die-on-term = true
enable-threads = true
exit-on-reload = false
hook-master-start = unix_signal:15 gracefully_kill_them_all
http-auto-chunked = true
http-chunked-input = true
http-raw-body = true
http-socket = 192.0.2.21:9292
lazy-apps = true
logto2 = /var/log/kolla/glance/glance-api-uwsgi.log
master = true
module = glance.wsgi.api:application
need-app = true
plugins-dir = /usr/lib/uwsgi/plugins
plugins = python3
processes = 5
socket-timeout = 30
thunder-lock = true
worker-reload-mercy = 80
static-map = /static=/static
uid = glance
""",
}

HELM = {
    'glance-api.conf': """\
[DEFAULT]
log_config_append = /etc/glance/logging.conf
bind_port = 9292
workers = 1
enable_import_methods = "[]"
transport_url = rabbit://glance:s3cr3t@rabbitmq.openstack.svc:5672/glance
[database]
max_retries = -1
connection = mysql+pymysql://glance:s3cr3t@mariadb.openstack.svc/glance
[glance_store]
cinder_catalog_info = volumev3::internalURL
rbd_store_chunk_size = 8
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_crush_rule = replicated_rule
rbd_store_pool = glance.images
rbd_store_replication = 3
rbd_store_user = glance
default_backend = rbd
filesystem_store_datadir = /var/lib/glance/images
[paste_deploy]
flavor = keystone
[oslo_middleware]
enable_proxy_headers_parsing = true
[oslo_messaging_notifications]
driver = messagingv2
[oslo_policy]
policy_file = /etc/glance/policy.yaml
[cors]
""" + deployers.TOKEN,
    'glance-api-uwsgi.ini': """\
[uwsgi]
add-header = Connection: close
buffer-size = 65535
die-on-term = true
enable-threads = true
exit-on-reload = false
hook-master-start = unix_signal:15 gracefully_kill_them_all
lazy-apps = true
log-x-forwarded-for = true
master = true
procname-prefix-spaced = glance-api:
route-user-agent = ^kube-probe.* donotlog:
thunder-lock = true
worker-reload-mercy = 80
wsgi-file = /var/lib/openstack/bin/glance-wsgi-api
http-socket = 0.0.0.0:9292
processes = 4
""",
}

TRIPLEO = {
    'var/lib/config-data/puppet-generated/glance_api/etc/glance/'
    'glance-api.conf': """\
[DEFAULT]
bind_port = 9293
bind_host = 127.0.0.1
workers = 4
image_cache_dir = /var/lib/glance/image-cache
enabled_import_methods = [web-download]
node_staging_uri = file:///var/lib/glance/staging
show_image_direct_url = True
show_multiple_locations = False
enabled_backends = default_backend:rbd
image_member_quota = 128
enable_v1_api = False
enable_v2_api = True
debug = True
log_file = /var/log/glance/api.log
log_dir = /var/log/glance
transport_url = rabbit://guest:s3cr3t@overcloud.internal:5672/?ssl=0
[default_backend]
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_user = openstack
rbd_store_pool = images
rbd_thin_provisioning = False
store_description = Default glance store backend.
[glance_store]
default_backend = default_backend
os_region_name = regionOne
[database]
connection = mysql+pymysql://glance:s3cr3t@192.0.2.50/glance?charset=utf8
max_retries = -1
db_max_retries = -1
[oslo_concurrency]
lock_path = /var/lib/glance/tmp
[oslo_messaging_notifications]
driver = noop
[oslo_policy]
policy_file = /etc/glance/policy.json
[paste_deploy]
flavor = keystone
""" + deployers.TOKEN,
    'var/lib/config-data/puppet-generated/glance_api/etc/glance/'
    'glance-image-import.conf': """\
[image_import_opts]
image_import_plugins = ['image_conversion']
[image_conversion]
output_format = raw
""",
}
