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

"""``[lifecycle_protection]``: how the API learns what is in use."""

from typing import Any

from oslo_config import cfg

from glance_lifecycle.conf import credentials

NAME = 'lifecycle_protection'
_TITLE = {'title': 'Image protection',
          'help': 'How the check "lifecycle" of policy.yaml learns which '
                  'images are in use.'}
GROUP = cfg.OptGroup(NAME, **_TITLE)

OPTS = [
    cfg.ListOpt(
        'providers',
        default=['servers', 'volumes', 'rbd_children'],
        help="""
What makes an image count as in use.

All of them must answer before an image of a class that the policy protects
while in use may be deleted. So name only what the cloud has: remove volumes
where there is no Cinder, rbd_children where no store is in Ceph. Others come
from the entry points glance_lifecycle.dependents.
"""),
    cfg.StrOpt(
        'region_name',
        help="""
Region whose Nova and Cinder are asked; by default the first in the catalogue.

Set it where Keystone has more than one region.
"""),
    cfg.StrOpt(
        'interface',
        default='internal',
        choices=['public', 'internal', 'admin'],
        help="""
Which endpoints of Nova and Cinder are used.

Set public where the hosts of glance-api do not reach the internal ones.
"""),
    cfg.IntOpt(
        'refresh_interval',
        default=120,
        min=5,
        help="""
Seconds between two listings of all servers and volumes.

One process of a host lists them, for all its glance-api processes, and only
while images are being deleted: after an hour without, it stops until the
next one. An image that was booted since the last listing is not yet known
to be in use, so make it shorter where that matters more than the load: one
request for each thousand servers and volumes.
"""),
    cfg.IntOpt(
        'max_age',
        default=900,
        min=10,
        help="""
Maximum age of a listing, in seconds; older ones are ignored.

When Nova or Cinder do not answer for longer than this, images of classes that
the policy protects while in use cannot be deleted until they do. All others
can. It must be longer than refresh_interval and a listing take together.
"""),
    cfg.IntOpt(
        'wait',
        default=10,
        min=0,
        max=60,
        help="""
Seconds that a deletion waits for a listing where there is none that counts.

That is the case for the first deletion after a start or a long pause. Raise it
where a listing takes longer; until it is there, deletions are refused.
"""),
    cfg.IntOpt(
        'ceph_timeout',
        default=5,
        min=1,
        max=60,
        help="""
Seconds that a deletion waits for Ceph to name the clones of the image.

Ceph is asked at each deletion of an image that is in a store of type rbd and
of a class that the policy protects while in use. When it does not answer, the
image is not deleted. Raise it if Ceph is slow, or far away.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # One of its own: configurations that share a group share its options,
    # and those of keystoneauth depend on what is configured.
    conf.register_group(cfg.OptGroup(NAME, **_TITLE))
    conf.register_opts(OPTS, group=NAME)


def list_auth() -> list[tuple[str, list[Any]]]:
    """keystoneauth's, for samples and documentation: an entry point."""
    return credentials.listed(NAME)
