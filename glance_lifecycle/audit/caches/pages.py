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

"""What the audits of caches find, each with its code and its page.

Of Glance's (``cache audit``) and Nova's (``glance-lifecycle-compute-cache``).
"""

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_ERROR = finding.Severity.ERROR
_UNKNOWN = finding.Severity.UNKNOWN
_WARNING = finding.Severity.WARNING
_INFO = finding.Severity.INFO

PAGES = (
    page.Page('GLC001', 'no-cache', _INFO, 'A glance-api has no cache.', """
``image_cache_dir`` is not set, or the release is too old to be asked. With raw
images in Ceph that are cloned, none is needed."""),
    page.Page('GLC002', 'node-unknown', _UNKNOWN,
              'A glance-api did not tell what it has cached.', """
It takes the rights of an administrator, and an ``--endpoint`` that leads to
this very glance-api, past the load balancer."""),
    page.Page('GLC003', 'over-limit', _WARNING,
              'The cache is over its limit, and the pruner would remove '
              'images.', """
Glance does not prune by itself. Have ``POST /v2/cache/prune`` (Glance 33) or
``glance-cache-pruner`` called regularly, or raise
``image_cache_max_size``."""),
    page.Page('GLC004', 'larger-than-limit', _WARNING,
              'A cached image is larger than the whole cache may be.', """
Whenever it is cached, the pruner removes all others, and then the image
itself. Raise ``image_cache_max_size`` above the largest image that is
cached."""),
    page.Page('GLC005', 'unrecorded-files', _WARNING,
              'Files in the cache are recorded for no image of this node.', """
They count against the limit, and no pruner removes them. If they alone are
over it, the pruner of the driver ``centralized_db`` never ends.

If ``worker_self_reference_url`` was changed, set it back; else remove the
files while glance-api is stopped."""),
    page.Page('GLC006', 'to-clean', _INFO,
              'Broken files and fetches that stalled are to be cleaned.', """
Have ``POST /v2/cache/clean`` (Glance 33) or ``glance-cache-cleaner`` called
regularly."""),
    page.Page('GLC007', 'cached-gone', _WARNING,
              'An image is gone, and is still cached.', """
Nobody can ask for it any more. Take it out of the cache."""),
    page.Page('GLC008', 'cached-not-active', _INFO,
              'A cached image is not active.', """
It is not served while it is deactivated. Take it out, or activate it."""),
    page.Page('GLC009', 'cloned-not-read', _WARNING,
              'A cached image is cloned in Ceph, and nobody reads the cache.',
              """
Nova and Cinder clone raw images where they lie. Do not prefetch them: the
space is of no use. If computes download it all the same, see GLC213 and GLC802
of the doctor, and ``diagnose --symptom slow-boot``."""),
    page.Page('GLC010', 'never-hit', _INFO,
              'A large image was not read since it was cached.', """
Leave it out of what is prefetched, unless it is soon to be used."""),
    page.Page('GLC011', 'queued-not-active', _WARNING,
              'An image is queued to be cached, and never will be.', """
It is gone or not active. Take it out of the queue."""),
    page.Page('GLC012', 'queued', _INFO, 'Images are queued to be cached.', """
If the number does not fall, glance-api was started since: queue them again, or
run ``glance-cache-prefetcher``."""),
    page.Page('GLC013', 'disk-unread', _UNKNOWN,
              'What the disk of a server uses could not be read.', """
Run ``glance-lifecycle-compute-cache`` as root or as the user of nova-compute.
"""),
    page.Page('GLC014', 'base-is-overlay', _ERROR,
              'A cached image says that it is an overlay of another file.', """
A server that is made of it would read that file of the compute, whatever it
holds. Deactivate the image, look at who uploaded it, and remove the file once
no server uses it."""),
    page.Page('GLC015', 'backing-elsewhere', _WARNING,
              'The disk of a server needs a file that is not in the cache.',
"""
If the file is gone, the server does not start again: rebuild it. If it is
there, find out who made that disk."""),
    page.Page('GLC016', 'disk-full', _WARNING,
              'The file system of the cache of Nova is nearly full.', """
A full disk pauses the servers on it. Lower ``[image_cache]
remove_unused_original_minimum_age_seconds``, or move servers away."""),
    page.Page('GLC017', 'never-removed', _WARNING,
              'Nova removes no unused file from its cache.', """
``remove_unused_base_images`` is false, or ``manager_interval`` is below 0. Set
them to their defaults."""),
    page.Page('GLC018', 'unfinished-fetch', _INFO,
              'The cache of Nova has the beginning of a fetch.', """
Of one that runs, or of one that nova-compute did not survive: Nova never
removes it. If it is older than the longest fetch, remove it."""),
    page.Page('GLC019', 'downloaded-for-ceph', _WARNING,
              'Nova downloads an image, and writes it into Ceph for each '
              'server.', """
Its disks are in Ceph, and the image is not raw. Import it as raw."""),
)
