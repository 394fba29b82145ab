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

"""A good configuration, and ways to break one thing in it."""

GOOD = {
    'glance-api.conf': """\
[DEFAULT]
enabled_backends = fast:rbd,bulk:s3,old:file
enabled_import_methods = [glance-direct, web-download, copy-image]
show_image_direct_url = true
worker_self_reference_url = http://192.0.2.1:9292
image_size_cap = 1099511627776
property_protection_file = protections.conf
transport_url = rabbit://glance:secret@192.0.2.9:5672/
log_dir = /var/log/glance

[database]
connection = mysql+pymysql://glance:secret@192.0.2.8/glance

[glance_store]
default_backend = fast

[fast]
rbd_store_ceph_conf = /etc/ceph/ceph.conf
rbd_store_user = glance
rbd_store_pool = images
rbd_store_chunk_size = 8

[bulk]
s3_store_host = https://s3.example
s3_store_access_key = key
s3_store_secret_key = secret
s3_store_bucket = images

[old]
filesystem_store_datadir = /srv/images

[os_glance_staging_store]
filesystem_store_datadir = /srv/staging

[image_format]
disk_formats = raw,qcow2,iso,vmdk

[keystone_authtoken]
auth_type = password
auth_url = http://192.0.2.7/identity
username = glance
password = secret
user_domain_name = Default

[paste_deploy]
flavor = keystone

[lifecycle]
state_dir = /var/lib/glance/lifecycle
mode = auto
policy_file = /etc/glance/lifecycle-policy.yaml

[lifecycle_signing]
required = signed-only
on_convert = resign
signing_key = /etc/glance/signing.key
signing_certificate_id = image-service

[lifecycle_transfer]
run_in = child
""",
    'glance-image-import.conf': """\
[import_filtering_opts]
disallowed_hosts = [metadata.example]
[image_import_opts]
image_import_plugins = [inject_image_metadata, lifecycle]
""",
    'lifecycle-policy.yaml': """\
version: 1
rules:
  - name: golden
    match: {tags: golden}
    place: {stores: [fast], later: [bulk]}
""",
    'policy.yaml': """\
"publicize_image": "rule:publishers"
"publishers": "role:admin or role:publisher"
"set_image_location": "rule:service_api"
""",
    'nova.conf': """\
[DEFAULT]
transport_url = rabbit://nova:secret@192.0.2.9:5672/
[glance]
service_type = image
[image_cache]
manager_interval = 2400
[libvirt]
images_type = rbd
images_rbd_pool = vms
images_rbd_glance_store_name = fast
rbd_user = nova
rbd_secret_uuid = 457eb676-33da-42ec-9a8c-9293d545c337
""",
    'cinder.conf': """\
[DEFAULT]
enabled_backends = rbd-1
[rbd-1]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
rbd_pool = volumes
rbd_user = cinder
[glance]
auth_type = password
[service_user]
send_service_user_token = true
""",
    'ceph.conf': """\
[global]
fsid = 9d5e2c1a-0000-4000-8000-000000000001
mon host = 192.0.2.20
auth client required = cephx
[client]
rbd default features = 61
""",
    'protections.conf': """\
[^x_owner_.*]
create = admin
read = @
update = admin
delete = !
[.*]
create = @
read = @
update = @
delete = @
""",
    'glance-lifecycle-worker.conf': """\
[lifecycle_worker]
connection = mysql+pymysql://worker:secret@192.0.2.8/worker
auth_section = keystone_authtoken
""",
    'glance-uwsgi.ini': """\
[uwsgi]
module = glance.wsgi.api:application
http = 192.0.2.1:9292
http-chunked-input = true
master = true
processes = 4
enable-threads = true
lazy-apps = true
need-app = true
buffer-size = 65535
worker-reload-mercy = 3600
uid = glance
""",
    'etc/systemd/system/glance-api.service': """\
[Service]
ProtectSystem=strict
ReadWritePaths=/srv /var/lib/glance
LimitNOFILE=65536
MemoryMax=16G
TimeoutStopSec=2h
""",
    'this-host.json': """\
{"memory": 68719476736,
 "places": {
  "/": {"device": 1},
  "/srv/images": {"device": 2, "size": 9000000000000,
                  "free": 5000000000000, "mode": "750"},
  "/srv/staging": {"device": 3, "size": 4000000000000,
                   "free": 3000000000000, "mode": "700"},
  "/var/lib/glance/lifecycle": {"mode": "711"},
  "/etc/glance/signing.key": {"owner": "root", "groups": ["glance"],
                              "mode": "640"},
  "/etc/ceph/ceph.client.glance.keyring": {
   "owner": "root", "groups": ["glance"], "mode": "640"}},
 "files": {"/srv/staging": [["41c0ba37-7a4a-4d0c-9b6c-1d6f5a3e7c11",
                             1073741824, 60]]},
 "plugins": {"lifecycle": "", "inject_image_metadata": ""}}
""",
}

# What is replaced, by what, the code that names it, and a word of what it
# says.
BROKEN = (
    ('[DEFAULT]', '[default]', 'GLC102', 'DEFAULT'),
    ('[image_import_opts]', '[image_import_opt]', 'GLC102',
     'image_import_opts'),
    ('[lifecycle_signing]', '[lifecycle_sining]', 'GLC102',
     'lifecycle_signing'),
    ('[fast]', '[fats]', 'GLC102', 'Rename [fats] to [fast].'),
    ('enabled_import_methods', 'enable_import_methods', 'GLC101',
     'enabled_import_methods'),
    ('rbd_store_pool', 'rbd_pool_store', 'GLC101', 'rbd_pool_store'),
    ('auth_type', 'auth_typ', 'GLC101', 'auth_type'),
    ('on_convert', 'on_conversion', 'GLC101', 'on_conversion'),
    ('[DEFAULT]', '[DEFAULT]\nbackend = x', 'GLC101', 'backend'),
    ('[lifecycle]', '[lifecycle]\ndebug = true', 'GLC101', 'DEFAULT'),
    ('[DEFAULT]', '[DEFAULT]\nbind_port = 9292', 'GLC103', 'bind_port'),
    ('log_dir', 'logdir', 'GLC104', 'log_dir'),
    ('image_size_cap = 1', 'image_size_cap = x1', 'GLC105', 'image_size_cap'),
    ('image_size_cap = 1', 'image_size_cap = 99999999999991', 'GLC105',
     'image_size_cap'),
    ('[glance-direct, web-download, copy-image]', 'glance-direct', 'GLC105',
     'brackets'),
    ('web-download', 'web-dowload', 'GLC105', 'web-download'),
    ('signed-only', 'sometimes', 'GLC105', 'always'),
    ('fast:rbd,', 'fast,', 'GLC212', 'one store'),
    ('log_dir =', 'log_dir', 'GLC106', 'line'),
    ('[glance_store]', '[glance_store', 'GLC106', 'section'),
    ('[fast]', '[fast]\n\n  rbd_store_pool = x', 'GLC106', 'indented'),
    ('raw,qcow2', '\0raw', 'GLC107', 'not looked at'),
    ('log_dir', 'log_dir = /tmp/x\nlog_dir', 'GLC108', 'log_dir'),
    ('[DEFAULT]', '[image_import_opts]\nimage_import_plugins = []\n[DEFAULT]',
     'GLC108', 'glance-api.conf'),
    ('chunk_size = 8', 'chunk_size = 8 # MiB', 'GLC109', 'comment'),
    ('pool = images', 'pool = images # flash', 'GLC109', 'comment'),
    ('glance:secret@192.0.2.8', 'glance:se$cret@192.0.2.8', 'GLC110', '$'),
    ('qcow2,iso', 'qcow2.iso', 'GLC111', 'dot'),
    ('default_backend = fast', 'default_backend = rbd', 'GLC202', 'fast'),
    ('default_backend = fast', 'default_store = fast', 'GLC202', 'default'),
    ('fast:rbd', 'fast:ceph', 'GLC203', 'rbd'),
    ('old:file', 'os_glance_old:file', 'GLC204', 'os_glance_old'),
    ('[glance_store]', '[glance_store]\nfilesystem_thin_provisioning = true',
     'GLC205', 'thin'),
    ('bulk:s3', 'bulk:rbd', 'GLC209', 'bulk'),
    ('s3_store_bucket = images\n', '', 'GLC207', 's3_store_bucket'),
    ('rbd_store_user = glance\n', '', 'GLC209', 'fast'),
    ('[old]', '[old]\nfilesystem_store_datadirs = /srv/b:1', 'GLC208', 'old'),
    ('chunk_size = 8', 'chunk_size = 10', 'GLC210', '8 MiB'),
    ('fast:rbd', 'fast:http', 'GLC211', 'http'),
    ('show_image_direct_url = true', '', 'GLC213', 'Ceph'),
    ('[image_format]', '[image_format]\nrequire_image_format_match = no',
     'GLC701', 'disk_format'),
    ('[DEFAULT]', '[DEFAULT]\nhashing_algorithm = sha1', 'GLC702', 'sha1'),
    ('disallowed_hosts = [metadata.example]', '', 'GLC703', 'web-download'),
    ('= protections.conf', '= x.conf', 'GLC704', 'x.conf'),
    ('[DEFAULT]', '[DEFAULT]\nuse_keystone_limits = true', 'GLC705',
     'endpoint_id'),
    ('flavor = keystone', 'flavor = keystone+caching', 'GLC706', 'caching'),
    ('default_backend = fast', 'default_backend = \u201cfast\u201d', 'GLC113',
     'typographic'),
    ('rbd_store_pool = images', '  rbd_store_pool = images', 'GLC114',
     'indented'),
    ('rbd_store_pool = images', 'rbd_store_pool = {{ pool }}', 'GLC115',
     'placeholder'),
    ('rbd_store_user = glance', 'rbd_store_user = client.glance', 'GLC223',
     'client.'),
    ('store_datadir = /srv/images', 'store_datadir =\n'
     'filesystem_store_datadirs = /srv/a:2,/srv/b:1', 'GLC224', '2 directories'
     ),
    ('s3_store_bucket =', 's3_store_bucket_url_format = dns\n'
     's3_store_bucket =', 'GLC225', 'virtual'),
    ('= /etc/ceph/ceph.conf', '= /etc/ceph/', 'GLC229', 'directory'),
    ('http = 192.0.2.1:9292', 'limit-post = 1048576', 'GLC426', 'limits'),
    ('http = 192.0.2.1:9292', 'post-buffering = 1', 'GLC427', 'temporary'),
    ('[inject_image_metadata, lifecycle]', '[lifecycle]\n'
     '[inject_metadata_properties]\ninject = a:b', 'GLC428', 'injected'),
    ('[inject_image_metadata, lifecycle]',
     '[image_conversion, image_decompression, lifecycle]', 'GLC429', 'after'),
    ('[import_filtering_opts]', '[inject_metadata_properties]\n'
     'inject = "a":"b"\n[import_filtering_opts]', 'GLC430', 'quotes'),
    ('flavor = keystone', '', 'GLC725', 'token'),
    ('[DEFAULT]', '[DEFAULT]\nhashing_algorithm = sha1024', 'GLC726', 'hash'),
    ('[DEFAULT]', '[DEFAULT]\nuser_storage_quota = 10 GB', 'GLC727', '10GB'),
    ('[lifecycle]', '[oslo_policy]\npolicy_file = policy.json\n[lifecycle]',
     'GLC728', 'policy.yaml'),
    ('role:admin or role:publisher', 'role:admin or', 'GLC729', 'publishers'),
    ('http://192.0.2.1:9292', '192.0.2.1:9292', 'GLC731', 'https://'),
    ('http://192.0.2.1:9292', 'http://0.0.0.0:9292', 'GLC732', 'address'),
    ('mysql+pymysql://glance', 'mysql://glance', 'GLC733', 'pymysql'),
    ('[database]', '[oslo_messaging_notifications]\ndriver = messaging\n'
     'driver = messagingv3\n[database]', 'GLC734', 'messagingv2'),
    ('user_domain_name = Default\n', '', 'GLC735', 'user_domain_name'),
    ('192.0.2.7/identity', '192.0.2.7:5000/v2.0', 'GLC736', '/v3'),
    ('images_type = rbd', 'image_type = rbd', 'GLC835', 'images_type'),
    ('images_type = rbd', 'images_type = Rbd', 'GLC836', 'rbd'),
    ('mon host =', 'mon hosts =', 'GLC837', 'mon_host'),
    ('[client]', '[client.glance]\n'
     'keyring = /etc/ceph/ceph.client.nova.keyring\n[client]', 'GLC838',
     'client.nova'),
    ('[image_cache]', '[image_cache', 'GLC839', ']'),
    ('[DEFAULT]', '[lifecycle_worker]\nnotifications = true\n[DEFAULT]',
     'GLC609', 'not set'),
    ('/srv/staging', '/dev/shm/staging', 'GLC301', '/dev/shm'),
    ('/srv/staging', '/srv/images', 'GLC302', 'old'),
    ('[DEFAULT]', '[DEFAULT]\nnode_staging_uri = file:///srv', 'GLC303',
     'node_staging_uri'),
    (', lifecycle', ', image_conversion, lifecycle', 'GLC402',
     'image_conversion'),
    ('[inject_image_metadata, lifecycle]',
     '[lifecycle, inject_image_metadata]', 'GLC403', 'after'),
    (', lifecycle]', ', lifecycel]', 'GLC404', 'lifecycel'),
    (', lifecycle]', ']', 'GLC401', 'lifecycle'),
    ('[DEFAULT]', '[taskflow_executor]\nconversion_format = raw\n[DEFAULT]',
     'GLC405', 'conversion_format'),
    ('lifecycle-policy.yaml', 'lifecycle-polcy.yaml', 'GLC601', 'polcy.yaml'),
    ('place:', 'plaice:', 'GLC601', 'plaice'),
    ('later: [bulk]', 'later: [cold]', 'GLC603', 'cold'),
    ('signing_certificate_id = image-service\n', '', 'GLC604',
     'signing_certificate_id'),
    ('signed-only', 'always', 'GLC606', 'ca_bundle'),
    ('mode = auto', 'state_dir = /run/glance', 'GLC607', '/run/glance'),
    ('mode = auto', 'mode = staged', None, ''),
    ('run_in = child', 'run_in = worker\n[lifecycle]\nmode = staged',
     'GLC608', 'run_in'),
    ('publicize_image', 'publicise_image', 'GLC710', 'publicize_image'),
    ('role:admin or role:publisher', '@', 'GLC707', 'public'),
    ('"rule:service_api"', '', 'GLC709', 'set_image_location'),
    ('"publishers": "role', '"publishers": "role:x or role', None, ''),
    ('"publicize_image"', '- "publicize_image"', 'GLC711', 'Correct'),
    ('show_image_direct_url = true', '', 'GLC802', 'show_image_direct_url'),
    ('store_name = fast', 'store_name = quick', 'GLC805', 'quick'),
    (', copy-image]', ']', 'GLC806', 'copy-image'),
    ('rbd_user = nova', '', 'GLC808', 'rbd_user'),
    ('rbd_user = nova', 'rbd_user = glance', 'GLC830', 'same user'),
    ('images_rbd_pool = vms', 'images_rbd_pool = images', 'GLC829', 'fast'),
    ('rbd_pool = volumes', 'rbd_pool = images', 'GLC829', 'fast'),
    ('manager_interval = 2400', 'manager_interval = -1', 'GLC816', 'never'),
    ('service_type = image', 'verify_glance_signatures = true', 'GLC815',
     'certificate'),
    ('service_type = image', 'insecure = true', 'GLC820', 'insecure'),
    ('features = 61', 'features = 60', 'GLC831', 'layering'),
    ('required = cephx', 'required = none', 'GLC832', 'Clients'),
    ('mon host =', 'key =', 'GLC833', 'key'),
    ('enabled_backends = rbd-1', 'enabled_backends = rbd-1\n'
     'verify_glance_signatures = disabled', 'GLC822', 'disabled'),
    # What stands on the host, and what runs glance-api.
    ('"free": 5000000000000, "mode": "750"',
     '"free": 5000000000, "mode": "750"', 'GLC215', '4.7 GiB'),
    ('"free": 5000000000000, "mode": "750"', '"owner": "root"', 'GLC214',
     '/srv/images'),
    ('"device": 3', '"device": 2', 'GLC216', 'old'),
    ('"device": 3', '"device": 3, "kind": "tmpfs"', 'GLC301', 'tmpfs'),
    ('"device": 3', '"kind": "nfs4", "looked": false', 'GLC308', 'nfs4'),
    ('"free": 3000000000000', '"free": 3000000000', 'GLC305', '2.8 GiB'),
    ('"mode": "700"', '"owner": "root"', 'GLC306', '/srv/staging'),
    ('"mode": "700"', '"mode": "1777"', 'GLC309', '/srv/staging'),
    ('1073741824, 60', '1073741824, 900000', 'GLC307', '10 days'),
    ('"mode": "711"', '"mode": "733"', 'GLC612', 'Everybody'),
    ('"mode": "711"', '"kind": "ceph", "looked": false', 'GLC613', 'ceph'),
    ('"/etc/glance/signing.key": {"owner": "root", "groups": ["glance"],',
     '"/etc/glance/signing.key": {"owner": "root",', 'GLC614', 'glance'),
    ('keyring": {\n   "owner": "root", "groups": ["glance"], "mode": "640"',
     'keyring": {"exists": false', 'GLC217', 'ceph auth get'),
    ('"lifecycle": ""', '"lifecycle": "it is not installed"', 'GLC418',
     'pip install'),
    ('"memory": 68719476736', '"memory": 536870912', 'GLC414', 'processes'),
    ('[old]', '[old]\nweight = 5', 'GLC218', 'old'),
    ('bulk:s3', 'bulk:swift', 'GLC207', 'bulk'),
    ('https://s3.example', 'http://s3.example', 'GLC221', 'bulk'),
    ('[bulk]', '[bulk]\ns3_store_large_object_chunk_size = 2', 'GLC220',
     '= 10'),
    (', lifecycle]', ']\n[old]\nfilesystem_thin_provisioning = true',
     'GLC222', 'old'),
    ('http-chunked-input = true\n', '', 'GLC411', 'chunked'),
    ('buffer-size = 65535\n', '', 'GLC412', '65535'),
    ('master = true\n', '', 'GLC413', 'master'),
    ('master = true\n', 'master = true\nharakiri = 60\n', 'GLC415', '60'),
    ('LimitNOFILE=65536', 'LimitNOFILE=1024', 'GLC416', '1024'),
    (', lifecycle]', ', image_conversion]', 'GLC417', 'python_interpreter'),
    ('need-app = true', 'max-requests = 500', 'GLC419', 'max-requests'),
    ('need-app = true\n', '', 'GLC420', 'need-app'),
    ('ReadWritePaths=/srv ', 'ReadWritePaths=', 'GLC422', '/srv/staging'),
    ('TimeoutStopSec=2h', 'TimeoutStopSec=90', 'GLC423', '3630'),
    ('MemoryMax=16G', 'MemoryMax=512M', 'GLC424', 'MemoryMax'),
    ('[DEFAULT]', '[oslo_messaging_notifications]\ndriver = messagingv2\n'
     'transport_url = rabbit://guest:guest@192.0.2.9/\n[DEFAULT]',
     'GLC610', 'guest'),
    ('auth_section = keystone_authtoken\n', '', 'GLC615', 'auth_type'),
    ('image_size_cap = 1099511627776', 'image_size_cap = 1099511',
     'GLC718', '1099511 bytes'),
    ('raw,qcow2,iso', 'raw,qcow2,ploop,iso', 'GLC719', 'ploop'),
    ('[import_filtering_opts]',
     '[import_filtering_opts]\nallowed_schemes = [https, file]', 'GLC720',
     'file'),
    ('[.*]', '[x_.*]', 'GLC721', 'other properties'),
    ('delete = !', 'delete = !,@', 'GLC721', 'delete'),
    ('[image_format]', '[image_format]\ncontainer_formats = ova', 'GLC722',
     'bare'),
    ('[keystone_authtoken]', '[keystone_authtoken]\ninsecure = true',
     'GLC723', 'keystone_authtoken'),
    ('[DEFAULT]', '[DEFAULT]\nbackdoor_port = 4444', 'GLC724', 'backdoor'),
)
