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

"""What operators get wrong, one to three things at a time, and what is odd.

The mistakes were written down before the doctor was run on them, in
configurations that have the shape of real ones.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from glance_lifecycle.tests.unit.audit.doctor import deployers

Files = Mapping[str, str]

_TOP = """\
[DEFAULT]
log_file = /var/log/glance/glance-api.log
transport_url = rabbit://openstack:s3cr3t@192.0.2.11:5672//
worker_self_reference_url = http://192.0.2.11:9292
%s
[database]
connection = mysql+pymysql://glance:s3cr3t@192.0.2.10:3306/glance
[keystone_authtoken]
auth_url = http://192.0.2.10:5000
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = glance
password = s3cr3t
[paste_deploy]
flavor = keystone
[os_glance_staging_store]
filesystem_store_datadir = /var/lib/glance/staging
"""

#: Glance, Nova and Cinder in one cluster.
CLOUD = {
    'etc/glance/glance-api.conf': _TOP % """\
enabled_backends = rbd:rbd
show_image_direct_url = True
""" + """\
[glance_store]
default_backend = rbd
[rbd]
rbd_store_user = glance
rbd_store_pool = images
rbd_store_ceph_conf = /etc/ceph/ceph.conf
""",
    'etc/glance/glance-image-import.conf': """\
[image_import_opts]
image_import_plugins = [image_decompression, lifecycle]
""",
    'etc/glance/policy.yaml': '"delete_image": "role:admin or role:member"\n',
    'etc/ceph/ceph.conf': """\
[global]
fsid = 5a0c2b1e-7b1c-4b7f-9a55-7a2b6d0f11aa
mon host = 192.0.2.21,192.0.2.22
[client.glance]
keyring = /etc/ceph/ceph.client.glance.keyring
""",
    'etc/nova/nova.conf': """\
[image_cache]
remove_unused_original_minimum_age_seconds = 86400
[libvirt]
images_type = rbd
images_rbd_pool = vms
images_rbd_ceph_conf = /etc/ceph/ceph.conf
rbd_user = nova
rbd_secret_uuid = 457eb676-33da-42ec-9a8c-9293d545c337
""",
    'etc/cinder/cinder.conf': """\
[DEFAULT]
enabled_backends = rbd-1
glance_api_servers = http://192.0.2.11:9292
[rbd-1]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
rbd_pool = volumes
rbd_user = cinder
image_volume_cache_enabled = False
""",
}

#: The other drivers.
OTHERS = {
    'glance-api.conf': _TOP % """\
enabled_backends = one:s3, two:cinder, three:swift, four:file
""" + """\
[glance_store]
default_backend = one
[one]
s3_store_host = https://s3.example
s3_store_access_key = k3y
s3_store_secret_key = s3cr3t
s3_store_bucket = images
s3_store_bucket_url_format = path
[two]
cinder_catalog_info = volumev3::internalURL
cinder_store_auth_address = http://192.0.2.10:5000/v3
cinder_store_user_name = glance
cinder_store_password = s3cr3t
cinder_store_project_name = service
[three]
swift_store_config_file = /etc/glance/swift.conf
default_swift_reference = ref1
[four]
filesystem_store_datadir =
filesystem_store_datadirs = /srv/a:100
filesystem_store_datadirs = /srv/b:50
""",
    'swift.conf': """\
[ref1]
user = service:glance
key = s3cr3t
auth_address = http://192.0.2.10:5000/v3
""",
}

_UNIT = """\
[Service]
ExecStart=/usr/bin/uwsgi --ini /etc/glance/glance-uwsgi.ini
User=glance
"""

#: Name -> the good files, and of each mistake the good text, the wrong one,
#: and the code of what is found. Nothing else is found.
MISTAKES: Mapping[str, tuple[Files, Sequence[tuple[str, str, str]]]] = {
    'pasted from a page, and indented': (CLOUD, (
        ('default_backend = rbd', 'default_backend = \u201crbd\u201d',
         'GLC113 GLC202'),
        ('rbd_store_pool = images', '  rbd_store_pool = images', 'GLC114'))),
    'written on Windows': (CLOUD, (
        ('[DEFAULT]\nlog_file', '\ufeff[DEFAULT]\nlog_file', 'GLC106'),)),
    'a bracket and an equal sign': (CLOUD, (
        ('[glance_store]', '[glance_store', 'GLC106'),
        ('images_type = rbd', 'images_type rbd', 'GLC839'))),
    'no template was filled in': (CLOUD, (
        ('rbd_store_pool = images', 'rbd_store_pool = {{ glance_pool }}',
         'GLC115'),
        ('username = glance\npassword = s3cr3t',
         'username = glance\npassword = GLANCE_PASS', 'GLC115'))),
    'names of Ceph': (CLOUD, (
        ('rbd_store_user = glance', 'rbd_store_user = client.glance',
         'GLC223'),
        ('rbd_user = nova', 'rbd_user = client.nova', 'GLC223'),
        ('rbd_store_ceph_conf = /etc/ceph/ceph.conf',
         'rbd_store_ceph_conf = /etc/ceph/', 'GLC229'))),
    'ceph.conf': (CLOUD, (
        ('mon host', 'mon hosts', 'GLC837'),
        ('client.glance.keyring', 'client.cinder.keyring', 'GLC838'))),
    'Nova': (CLOUD, (
        ('remove_unused_original_minimum_age_seconds',
         'removal_unused_base_minimum_age_seconds', 'GLC835'),
        ('images_type = rbd', 'images_type = RBD', 'GLC836'))),
    'Cinder': (CLOUD, (
        ('image_volume_cache_enabled = False',
         'image_volume_cache_enabled = nope', 'GLC836'),)),
    'sections of Nova and Cinder': (CLOUD, (
        ('[image_cache]', '[DEFAULT]\nforce_raw_image = x\n'
         'enable_rbd_download = False\n[image_cache]', 'GLC835'),
        ('glance_api_servers', 'image_volume_cache_enabled = False\n'
         'glance_api_servers', 'GLC840'))),
    'an origin': (CLOUD, (
        ('[paste_deploy]', '[cors]\nallowed_origin = https://h.example/\n'
         '[paste_deploy]', 'GLC745'),)),
    'a rule that nobody wrote': (CLOUD, (
        ('"role:admin or role:member"\n', '"rule:admin_requird"\n'
         '"admin_required": "role:admin"\n', 'GLC747'),)),
    'too small': ({**deployers.OPENSTACK_ANSIBLE,
                   'etc/uwsgi/glance-api.ini': '[x]\n'}, (
        ('image_cache_max_size = 10737418240', 'image_cache_max_size = 10',
         'GLC748'),
        ('/var/lib/glance/images/\n', '/var/lib/glance/images/\n'
         'filesystem_store_file_perm = 416\n', 'GLC231'))),
    'values without brackets': (CLOUD, (
        ('[image_decompression, lifecycle]', 'lifecycle', 'GLC105'),
        ('show_image', 'enabled_import_methods = glance-direct\nshow_image',
         'GLC105'))),
    'sizes': (CLOUD, (
        ('show_image', 'image_size_cap = 100G\nshow_image', 'GLC105'),
        ('show_image', 'user_storage_quota = 500GiB\nshow_image', 'GLC727'),
        ('rbd_store_pool', 'rbd_store_chunk_size = 8388608\nrbd_store_pool',
         'GLC210'))),
    'Keystone': (CLOUD, (
        ('project_domain_name = Default\n', '', 'GLC735'),
        ('auth_url = http://192.0.2.10:5000',
         'auth_url = http://192.0.2.10:5000/v2.0', 'GLC736'))),
    'no flavor': (CLOUD, (('flavor = keystone\n', '', 'GLC725'),)),
    'policies': (CLOUD, (
        ('"role:admin or role:member"', '"role:admin or"', 'GLC729'),)),
    'policies elsewhere': (CLOUD, (
        ('[paste_deploy]', '[oslo_policy]\npolicy_file = policy.json\n'
         '[paste_deploy]', 'GLC728'),)),
    'old credentials': (CLOUD, (
        ('[database]\nconnection', '[DEFAULT]\nsql_connection', 'GLC101'),
        ('project_name = service', 'admin_tenant_name = service',
         'GLC101'))),
    'addresses': (CLOUD, (
        ('http://192.0.2.11:9292\n', 'http://0.0.0.0:9292\n', 'GLC732'),
        ('show_image', 'public_endpoint = images.example\nshow_image',
         'GLC731'))),
    'drivers': (CLOUD, (
        ('mysql+pymysql', 'mysql', 'GLC733'),
        ('[paste_deploy]', '[oslo_messaging_notifications]\n'
         'driver = messaging_v2\n[paste_deploy]', 'GLC734'))),
    'a hash': (CLOUD, (
        ('show_image', 'hashing_algorithm = sha3\nshow_image', 'GLC726'),)),
    'plugins': (CLOUD, (
        ('[image_decompression, lifecycle]',
         '[image_conversion, image_decompression]\n'
         '[inject_metadata_properties]\ninject = "os_type":"linux"',
         'GLC428 GLC429 GLC430'),)),
    'S3 and Cinder': (OTHERS, (
        ('url_format = path', 'url_format = subdomain', 'GLC225'),
        ('volumev3::', 'volumev2::', 'GLC226'),
        ('cinder_store_project_name = service\n', '', 'GLC227'))),
    'Swift and files': (OTHERS, (
        ('reference = ref1', 'reference = refX', 'GLC228'),
        ('/srv/a:100', '/srv/a:100,/srv/c:10', 'GLC224'))),
    'kinds of stores': (OTHERS, (
        ('four:file', 'four:filesystem', 'GLC203'),)),
    'uWSGI': ({**deployers.DEVSTACK,
               'etc/systemd/system/devstack@g-api.service': _UNIT}, (
        ('die-on-term = true\n', 'limit-post = 1073741824\n', 'GLC426'),
        ('hook-master-start = unix_signal:15 gracefully_kill_them_all\n',
         'post-buffering = 8192\n', 'GLC427 GLC425'))),
    'paths': (OTHERS, (
        ('log_file = /var/log/glance/glance-api.log',
         'log_file = /var/log/glance/', 'GLC116'),
        ('= /var/lib/glance/staging', '= file:///var/lib/glance/staging',
         'GLC230'))),
    'versions in addresses': (CLOUD, (
        ('http://192.0.2.11:9292\n', 'http://192.0.2.11:9292/v2\n',
         'GLC737'),)),
    'the broker, and the cache of tokens': (CLOUD, (
        ('@192.0.2.11:5672//', '@192.0.2.11,192.0.2.12//', 'GLC739'),
        ('auth_type = password', 'auth_type = password\n'
         'memcache_security_strategy = MAC', 'GLC738'))),
    'no kind of broker': (CLOUD, (
        ('rabbit://openstack', 'openstack', 'GLC739'),)),
    'no database': (CLOUD, (
        ('connection = mysql', 'connection_url = mysql', 'GLC741'),)),
    'names that are none': (CLOUD, (
        ('flavor = keystone', 'flavor = Keystone', 'GLC743'),
        ('[paste_deploy]', '[key_manager]\nbackend = barbicn\n'
         '[paste_deploy]', 'GLC740'))),
    'for everybody': (CLOUD, (
        ('show_image', 'allow_anonymous_access = yes\nshow_image',
         'GLC742'),)),
    'a quota without its unit': (CLOUD, (
        ('show_image', 'user_storage_quota = 500\nshow_image', 'GLC727'),)),
    'formats without commas': (CLOUD, (
        ('[paste_deploy]', '[image_format]\ndisk_formats = raw qcow2\n'
         '[paste_deploy]', 'GLC111'),)),
    'a cache in a store': (deployers.DEVSTACK, (
        ('/opt/stack/data/glance/cache', '/opt/stack/data/glance/images',
         'GLC744'),)),
    'an application that is gone': (deployers.DEVSTACK, (
        ('module = glance.wsgi.api:application',
         'wsgi-file = /usr/bin/glance-wsgi-api', 'GLC431'),)),
    'a cache without a name': (deployers.DEVSTACK, (
        ('worker_self_reference_url = http://192.0.2.10/image\n', '',
         'GLC730'),)),
}

#: What looks wrong, and is right.
ODD: Mapping[str, Files] = {
    'comments everywhere': {'glance-api.conf': _TOP % """\

# enabled_backends = old:file
;enabled_backends = other:rbd
\t
enabled_backends = rbd:rbd
#\tstores = file
""" + """\
[glance_store]
# the best one
default_backend = "rbd"
[rbd]
rbd_store_user = glance
"""},
    'names of others': {'glance-api.conf': _TOP.replace(
        's3cr3t', 's3$$cr3t') % """\
log_dir = /var/log/glance
log_config_append = $log_dir/x
image_cache_dir = ${log_dir}/cache
enabled_backends = a:file
""" + """\
[glance_store]
default_backend = a
[a]
filesystem_store_datadir = /srv/images
[os_glance_tasks_store]
filesystem_store_datadir = ${a.filesystem_store_datadir}-tasks
"""},
    'lines that go on': {'glance-api.conf': _TOP % """\
enabled_backends = rbd:rbd,
    cold:file,
    web:http
""" + """\
[image_format]
disk_formats = raw,qcow2,
  iso
[glance_store]
default_backend = rbd
[rbd]
rbd_store_user = glance
[cold]
store_description = the archive, with
  a long \u201cdescription\u201d
filesystem_store_datadir = /srv/cold
"""},
    'IPv6': {'glance-api.conf': (_TOP % """\
enabled_backends = rbd:rbd
""" + """\
[glance_store]
default_backend = rbd
[rbd]
rbd_store_user = glance
""").replace('192.0.2.11', '[2001:db8::11]').replace(
        '192.0.2.10', '[2001:db8::10]'), 'ceph.conf': """\
[global]
mon_host = [v2:[2001:db8::1]:3300/0,v1:[2001:db8::1]:6789/0]
"""},
    'credentials elsewhere': {'glance-api.conf': _TOP.replace(
        '[keystone_authtoken]',
        '[keystone_authtoken]\nauth_section = shared\n[shared]') % """\
enabled_backends: a:file
""" + """\
[glance_store]
default_backend = a
[a]
filesystem_store_datadir = /srv/images
"""},
    'sections of others': {'glance-api.conf': _TOP % """\
enabled_backends = Fast:rbd
""" + """\
[glance_store]
default_backend = Fast
[Fast]
rbd_store_user = glance
[bacula]
owner = me
[cors]
allowed_origin = https://a.example,https://b.example
"""},
    'a directory of files': {
        'glance-api.conf': _TOP % '', 'glance-api.conf.d/10-stores.conf': """\
[DEFAULT]
enabled_backends = rbd:rbd
[glance_store]
default_backend = rbd
[rbd]
rbd_store_user = glance
""", 'glance-api.conf.d/README': '[', 'rootwrap.conf': '[DEFAULT]\nx = y\n'},
    'a report': {'etc/glance/glance-api.conf': (_TOP % """\
enabled_backends = s3:s3
""" + """\
[glance_store]
default_backend = s3
[s3]
s3_store_host = https://s3.example
s3_store_access_key = s3cr3t
s3_store_secret_key = s3cr3t
s3_store_bucket = images
s3_store_bucket_url_format = virtual
""").replace('s3cr3t', '*********')},
    'Cinder as the user who uploads': {'glance-api.conf': _TOP % """\
enabled_backends = cinder:cinder
""" + """\
[glance_store]
default_backend = cinder
[cinder]
cinder_catalog_info = volumev3:cinderv3:publicURL
cinder_volume_type = images
"""},
}
