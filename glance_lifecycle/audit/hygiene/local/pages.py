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

"""What ``hygiene list`` finds beside the stores, each with its page."""

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_UNKNOWN = finding.Severity.UNKNOWN
_WARNING = finding.Severity.WARNING
_INFO = finding.Severity.INFO

PAGES = (
    page.Page('GLC120', 'stale-staging-file', _WARNING,
              'A file in the staging directory is needed by no import.', """
Its image is deleted, or unknown to this Glance; or it is active, and nobody
imports or copies it; or it was staged longer ago than the grace, and nobody
has begun to import it. The file is not open, and was not written to for longer
than the grace.

Glance removes what is staged of images that are gone, but only when glance-api
starts, and never what a killed process or a failed ``copy-image`` has staged
of an image that is there. The worker removes both (``[lifecycle_worker]
stale_after``). What was staged and not imported is its owner's: it goes with
the import, or with the image."""),
    page.Page('GLC121', 'stale-task-file', _WARNING,
              'A file in the directory of tasks is needed by no task.', """
Glance keeps there what its tasks of the type ``import`` download and convert,
and a mark for each that hashes what a location leads to. A glance-api that was
killed leaves them, and nobody ever removes them."""),
    page.Page('GLC122', 'stale-cache-file', _WARNING,
              'A file in the cache of Glance is of no use.', """
Its image is deleted, or unknown to this Glance: an image that is deleted goes
from the cache of the one glance-api that was asked to, and from no other. Or
it is broken, or the beginning of a fetch that ended. Such files count against
``image_cache_max_size``, and those without a record are never pruned.

``openstack image lifecycle cache audit`` says what each glance-api has on
record."""),
    page.Page('GLC123', 'stale-lock', _INFO,
              'A lock file is left that nobody holds.', """
A worker, or a glance-api, was killed. The file has no bytes, and harms nobody.
Locks that are used again and again are not listed: these stay."""),
    page.Page('GLC124', 'stale-journal', _WARNING,
              'The journal of an import or a copy waits to be recovered.', """
Its owner is dead, no worker is to end what it tells of, and nobody has
recovered it for longer than the grace. What the transfer has written may still
be in the stores, and as long as the journal is there, none of that is called
an orphan.

``glance-lifecycle-manage recover`` undoes it, as glance-api does before the
next import. Where it stays even so, a store does not answer, or what was
written cannot be told from what others wrote; ``recover`` says which, and
``--forget`` gives it up."""),
    page.Page('GLC125', 'stale-verified-record', _INFO,
              'The record of a verified copy is of an image that is gone.',
              """
Each is a small file in ``[lifecycle] state_dir``. The worker of the host
removes them when it cleans; where none runs, they stay."""),
    page.Page('GLC126', 'stale-base-file', _WARNING,
              'A base file of Nova is of an image that is gone.', """
No disk of a server in the directory of the instances is an overlay of it, it
was not used for longer than the grace, and its image is deleted, or unknown to
this Glance. Nobody can boot from it any more, but a server that is resized or
rescued from that very image.

Nova removes such files itself, where ``[image_cache] manager_interval`` and
``remove_unused_base_images`` let it; the remedy says when. What
``glance-lifecycle-compute-cache`` shows are all base files, with the servers
that use them."""),
    page.Page('GLC127', 'local-file-unclear', _UNKNOWN,
              'Nobody can tell whether a file beside the stores is needed.',
              """
It looks needless, and something speaks against it: it was staged by another
host, a disk of a server could not be read, its file system does not say who
has it open, or the database may not be the one that belongs to it. The
evidence says which."""),
    page.Page('GLC128', 'local-not-listed', _UNKNOWN,
              'A directory beside the stores could not be looked at.', """
The evidence says why. What was listed of it before that is judged, since each
file is judged by itself."""),
)
