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

"""Options of tempest.conf.

With DevStack, the plugin of this project writes them.
"""

from oslo_config import cfg

service_option = cfg.BoolOpt(
    'glance_lifecycle',
    default=False,
    help="""
Whether images are imported by the plugin "lifecycle" of glance-api.

Set it to True where image_import_plugins names it. With False, all tests of
this plugin are skipped.
""")

lifecycle_group = cfg.OptGroup(
    name='lifecycle', title='Glance lifecycle',
    help='What the cloud under test has of Glance lifecycle.')

LifecycleGroup = [
    cfg.BoolOpt(
        'signing',
        default=False,
        help="""
Whether the service signs anew what it converts.

Set it to True where [lifecycle_signing] on_convert of glance-api is resign.
"""),
    cfg.StrOpt(
        'user_key',
        default='',
        help="""
Full path of a private RSA key with which the tests sign images.

PEM, without a passphrase. Its certificate has to be in Glance's key manager:
see user_certificate_id. Set it to test signatures; empty, what needs a good
signature is skipped.
"""),
    cfg.StrOpt(
        'user_certificate_id',
        default='',
        help="""
Id, in Glance's key manager, of the certificate of user_key.

With Barbican, users whom tempest makes must be able to read it.
"""),
    cfg.BoolOpt(
        'protection',
        default=False,
        help="""
Whether Glance's policy has the checks "lifecycle:...".

Set it to True where policy-lifecycle-protection.yaml is installed.
"""),
    cfg.BoolOpt(
        'worker',
        default=False,
        help="""
Whether a glance-lifecycle-worker runs, in mode act.
"""),
    cfg.IntOpt(
        'worker_timeout',
        default=300,
        min=1,
        help="""
Seconds in which the worker repairs drift.

Set it to more than [lifecycle_worker] sweep_interval of the worker.
"""),
    cfg.BoolOpt(
        'offload',
        default=False,
        help="""
Whether imports run in the worker.

Set it to True where [lifecycle_transfer] run_in of glance-api is worker.
"""),
    cfg.StrOpt(
        'worker_metrics_url',
        default='',
        help="""
URL of the worker's metrics, such as http://127.0.0.1:19292/metrics.

They tell the test of offload who has done the import. Empty: it is skipped. It
is one worker's: set it where there is only one.
"""),
    cfg.StrOpt(
        'everywhere_tag',
        default='lifecycle-everywhere',
        help="""
Tag of images that the lifecycle policy places in all stores.

Empty where it has no such rule: its tests are skipped.
"""),
    cfg.StrOpt(
        'golden_tag',
        default='lifecycle-golden',
        help="""
Tag of images that the lifecycle policy protects.

Its rule says "protected: true", does not let the owner delete, and sets the
property image_class to golden. Empty where there is no such rule: its tests
are skipped.
"""),
    cfg.StrOpt(
        'signed_tag',
        default='lifecycle-signed',
        help="""
Tag of images that the lifecycle policy wants signed.

Its rule says "signature: always". Empty where there is no such rule: its tests
are skipped.
"""),
]
