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

"""``[lifecycle_file_key_manager]``: certificates and keys in a directory."""

from oslo_config import cfg

GROUP = cfg.OptGroup(
    'lifecycle_file_key_manager', title='Key manager over a directory',
    help='Read when [key_manager] backend is lifecycle_file.')

OPTS = [
    cfg.StrOpt(
        'directory',
        default='/etc/glance/keys',
        help="""
Directory of certificates (ID.pem) and private keys (ID.key).

Both are PEM files. An ID is what an image names in
img_signature_certificate_uuid: up to 128 letters, digits, "-" and "_".
Symbolic links are not followed, and a private key that every user may read is
refused.

Set the same content for Glance and every nova-compute, but keep private keys
out of the latter. For one machine, a demonstration or CI; with many users,
use Barbican or Vault.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)
