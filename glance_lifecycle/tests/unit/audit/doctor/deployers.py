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

TOKEN = """\
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
""" + TOKEN,
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
""" + TOKEN,
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
""" + TOKEN,
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
