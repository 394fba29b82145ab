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

"""tempest.conf for a cloud of ours."""

import pathlib

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.tempest import cloud as clouds


def stock(cloud: clouds.Cloud, base: pathlib.Path) -> glance_conf.Sections:
    """What holds with and without our plugin.

    :param base: a directory for logs and locks
    """
    return {
        'DEFAULT': {'log_dir': base / 'logs', 'log_file': 'tempest.log'},
        'oslo_concurrency': {'lock_path': base / 'locks'},
        'auth': {
            'use_dynamic_credentials': True,
            'create_isolated_networks': False,
            'admin_username': 'admin',
            'admin_password': keystone.PASSWORD,
            'admin_project_name': 'admin',
            'admin_domain_name': 'Default'},
        'identity': {
            'auth_version': 'v3', 'uri_v3': cloud.identity.auth_url,
            'region': keystone.REGION, 'v3_endpoint_type': 'public'},
        'service_available': {
            'glance': True, 'cinder': False, 'horizon': False,
            'neutron': False, 'nova': False, 'swift': False},
        'image': {
            'region': keystone.REGION,
            'alternate_image_endpoint': clouds.REMOTE,
            'build_timeout': 120, 'build_interval': 1,
            'http_image': f'{cloud.web.url}/image.raw',
            'http_qcow2_image': f'{cloud.web.url}/image.qcow2'},
        # As lib/tempest of DevStack has it.
        'image-feature-enabled': {
            'import_image': True, 'os_glance_reserved': True},
        'enforce_scope': {'glance': True},
    }


def ours(cloud: clouds.Cloud, offload: bool = False) -> glance_conf.Sections:
    """What our DevStack plugin adds."""
    return {
        'image-feature-enabled': {'image_conversion': True},
        'service_available': {'glance_lifecycle': True},
        'lifecycle': {
            'signing': True,
            'user_key': cloud.keys / f'{clouds.USER}.key',
            'user_certificate_id': clouds.USER,
            'protection': True,
            'worker': True,
            'offload': offload,
            'worker_metrics_url':
                f'http://127.0.0.1:{cloud.metrics_port}/metrics'},
    }
