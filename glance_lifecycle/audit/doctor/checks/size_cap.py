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

"""GLC718"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding

_HERE = '{"places": {"/srv/staging": {"size": %d}}}'
_STAGING = '[DEFAULT]\nnode_staging_uri = file:///srv/staging\n'
_GIB = 1 << 30


class SizeCap(check.Check):
    """The largest image is smaller than images are, or larger than the disk.

    Glance refuses an image above ``image_size_cap`` where it reaches it: at an
    upload after that many bytes. It is in bytes; without it, 1 TiB. Where
    staging is smaller than that, one user can fill it with one image: that is
    looked at only with ``--this-host``.

    Set it to the size of the largest image that you mean to have.
    """

    code = 'GLC718'
    bad = (
        {'glance-api.conf': '[DEFAULT]\nimage_size_cap = 1024\n'},
        {'glance-api.conf': _STAGING,
         'this-host.json': _HERE % (100 * _GIB)},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nimage_size_cap = 107374182400\n'},
        {'glance-api.conf': _STAGING,
         'this-host.json': _HERE % (2000 * _GIB)},
        {'glance-api.conf': _STAGING},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        cap = host.value('DEFAULT', 'image_size_cap')
        setting = host.setting('DEFAULT', 'image_size_cap')
        if setting is not None and cap and cap < _GIB:
            yield self.found(
                host, '[DEFAULT] image_size_cap',
                'No image may have more than %d bytes.' % cap,
                'Set image_size_cap in [DEFAULT], in bytes: 100 GiB are '
                '107374182400.', setting)
            return
        staging = directories.staging(host)
        place = staging and host.here and host.here.place(staging.path)
        if staging and place and place.looked and setting is None and (
                cap and 0 < place.size < cap):
            yield self.found(
                host, '[DEFAULT] image_size_cap',
                'An image may have %d GiB, and staging has %d GiB.' % (
                    cap // _GIB, place.size // _GIB),
                'Set image_size_cap = %d in [DEFAULT].' % (
                    place.size // 2 // _GIB * _GIB or _GIB),
                staging.setting, severity=check.INFO)
