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

"""What deployment tools write by themselves, in shape.

The shapes are those of the tools' templates with their defaults, or with Ceph
where they are mostly used with it; names and secrets are made up.
"""

_TOKEN = """\
[keystone_authtoken]
service_type = image
www_authenticate_uri = http://192.0.2.10:5000
auth_url = http://192.0.2.10:5000
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = glance
password = s3cr3t
memcache_security_strategy = ENCRYPT
memcache_secret_key = s3cr3t
memcached_servers = 192.0.2.11:11211
"""

DEVSTACK = {
    'etc/glance/glance-api.conf': """\
[DEFAULT]
debug = True
use_syslog = False
transport_url = rabbit://stackrabbit:s3cr3t@192.0.2.10:5672/
enabled_backends = fast:file,cheap:file
public_endpoint = http://192.0.2.10/image
worker_self_reference_url = http://192.0.2.10/image
image_cache_dir = /opt/stack/data/glance/cache
[database]
connection = mysql+pymysql://root:s3cr3t@127.0.0.1/glance?charset=utf8
[glance_store]
default_backend = fast
[fast]
filesystem_store_datadir = /opt/stack/data/glance/images/
[cheap]
filesystem_store_datadir = /opt/stack/data/glance/cheap/
[os_glance_staging_store]
filesystem_store_datadir = /opt/stack/data/glance/os_glance_staging_store
[os_glance_tasks_store]
filesystem_store_datadir = /opt/stack/data/glance/os_glance_tasks_store
[paste_deploy]
flavor = keystone+cachemanagement
[oslo_messaging_notifications]
driver = messagingv2
[image_import_opts]
image_import_plugins = [lifecycle]
""" + _TOKEN,
    'etc/glance/glance-uwsgi.ini': """\
[uwsgi]
chmod-socket = 666
http-socket = 127.0.0.1:60999
lazy-apps = true
add-header = Connection: close
buffer-size = 65535
hook-master-start = unix_signal:15 gracefully_kill_them_all
thunder-lock = true
plugins = http,python3
enable-threads = true
worker-reload-mercy = 80
exit-on-reload = false
die-on-term = true
master = true
processes = 4
http-chunked-input = true
http-auto-chunked = true
http-raw-body = true
socket-timeout = 10
module = glance.wsgi.api:application
start-time = %t
need-app = true
""",
    'etc/systemd/system/devstack@g-api.service': """\
[Unit]
Description = Devstack devstack@g-api.service
[Service]
RestartForceExitStatus = 100
NotifyAccess = all
Restart = always
KillMode = process
Type = notify
ExecReload = /usr/bin/kill -HUP $MAINPID
ExecStart = /opt/stack/data/venv/bin/uwsgi --ini /etc/glance/glance-uwsgi.ini
User = stack
SyslogIdentifier = devstack@g-api.service
""",
}

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
""" + _TOKEN,
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

OPENSTACK_ANSIBLE = {
    'etc/glance/glance-api.conf': """\
[DEFAULT]
use_journal = True
debug = False
fatal_deprecations = False
bind_host = 0.0.0.0
bind_port = 9292
workers = 4
http_keepalive = True
digest_algorithm = sha256
enabled_backends = file:file,http:http,cinder:cinder
show_image_direct_url = False
show_multiple_locations = False
enabled_import_methods = [glance-direct,web-download,copy-image]
transport_url = rabbit://glance:s3cr3t@192.0.2.31:5671//glance?ssl=1
scrub_time = 43200
image_cache_dir = /var/lib/glance/cache/
image_cache_stall_time = 86400
image_cache_max_size = 10737418240
worker_self_reference_url = http://192.0.2.31:9292
[database]
connection = mysql+pymysql://glance:s3cr3t@192.0.2.30/glance?charset=utf8
max_overflow = 50
max_pool_size = 5
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = /var/lib/glance/images/
[paste_deploy]
flavor = keystone+cachemanagement
[oslo_policy]
policy_file = policy.yaml
[oslo_messaging_notifications]
driver = noop
[taskflow_executor]
max_workers = 10
[image_import_opts]
image_import_plugins = [lifecycle]
""" + _TOKEN,
    'etc/uwsgi/glance-api.ini': """\
[uwsgi]
uid = glance
gid = glance
virtualenv = /openstack/venvs/glance-33.0.0
wsgi-file = /openstack/venvs/glance-33.0.0/bin/glance-wsgi-api
http-socket = 192.0.2.31:9292
master = true
enable-threads = true
processes = 4
threads = 1
exit-on-reload = false
die-on-term = true
lazy-apps = true
add-header = Connection: close
buffer-size = 65535
thunder-lock = true
logfile-chmod = 644
hook-master-start = unix_signal:15 gracefully_kill_them_all
worker-reload-mercy = 80
http-chunked-input = true
need-app = true
""",
    'etc/systemd/system/glance-api.service': """\
[Unit]
Description=glance-api service
[Service]
Type=simple
User=glance
Group=glance
ExecStart=/openstack/venvs/uwsgi/bin/uwsgi --autoload --ini glance-api.ini
KillSignal=SIGTERM
TimeoutSec=120
Restart=on-failure
RestartSec=2
RuntimeDirectory=glance
Slice=glance.slice
PrivateTmp=true
""",
}

CHARM = {
    'etc/glance/glance-api.conf': """\
[DEFAULT]
verbose = False
use_syslog = False
debug = False
workers = 4
bind_host = 0.0.0.0
bind_port = 9282
log_file = /var/log/glance/api.log
backlog = 4096
transport_url = rabbit://glance:s3cr3t@192.0.2.41:5672/openstack
show_image_direct_url = True
enabled_backends = ceph:rbd
image_size_cap = 1099511627776
delayed_delete = False
scrub_time = 43200
scrubber_datadir = /var/lib/glance/scrubber
node_staging_uri = file:///var/lib/glance/staging
image_cache_dir = /var/lib/glance/image-cache/
[glance_store]
filesystem_store_datadir = /var/lib/glance/images/
default_backend = ceph
[ceph]
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_user = glance
rbd_store_pool = glance
rbd_store_chunk_size = 8
[image_format]
disk_formats = ami,ari,aki,vhd,vmdk,raw,qcow2,vdi,iso,root-tar
[task]
work_dir = /var/lib/glance
[database]
connection = mysql+pymysql://glance:s3cr3t@192.0.2.40/glance
[paste_deploy]
flavor = keystone
[barbican]
auth_endpoint = http://192.0.2.42:5000/v3
[oslo_policy]
policy_file = policy.json
""" + _TOKEN,
    'etc/ceph/ceph.conf': """\
[global]
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = /etc/ceph/$cluster.$name.keyring
mon host = 192.0.2.43 192.0.2.44
log to syslog = false
[client.glance]
log file = /var/log/ceph.log
""",
    'lib/systemd/system/glance-api.service': """\
[Unit]
Description=OpenStack Image Service API
[Service]
User=glance
Group=glance
Type=simple
WorkingDirectory=/var/lib/glance
PermissionsStartOnly=true
ExecStart=/etc/init.d/glance-api systemd-start
Restart=on-failure
LimitNOFILE=65535
TimeoutStopSec=65
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
""" + _TOKEN,
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
""" + _TOKEN,
    'var/lib/config-data/puppet-generated/glance_api/etc/glance/'
    'glance-image-import.conf': """\
[image_import_opts]
image_import_plugins = ['image_conversion']
[image_conversion]
output_format = raw
""",
}
