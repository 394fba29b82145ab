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

"""What ``diagnose --symptom`` finds that no check of the doctor does."""

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_ERROR = finding.Severity.ERROR
_WARNING = finding.Severity.WARNING
_INFO = finding.Severity.INFO

NOT_RAW = page.Page(
    'GLC041', 'image-not-raw', _WARNING,
    'Nova keeps its disks in Ceph, and the image is not raw.', """
Nova and Cinder clone only raw images in Ceph, and no ISO images. Of any other,
each server costs a download from Glance, a conversion on the compute, and a
full copy that is written back into Ceph.

Import the image again as raw: with the plugin, by ``convert: {to_raw:
{if_store_is: [rbd]}}`` in the lifecycle policy, or converted by hand with
``qemu-img convert -O raw``.
""")

NOT_IN_CEPH = page.Page(
    'GLC042', 'image-not-in-ceph', _WARNING,
    'Nova keeps its disks in Ceph, and the image has no copy there.', """
Without a copy in the Ceph cluster of Nova's disks there is nothing to clone.
Nova downloads the image and writes it into Ceph for each server, unless
``[libvirt] images_rbd_glance_store_name`` lets it ask Glance for a copy first,
and then the first server waits for that, 600 seconds at most.

Copy the image into a store in Ceph before it is booted.
""")

FIRST_DOWNLOAD = page.Page(
    'GLC043', 'downloaded-by-each-compute', _INFO,
    'Each compute downloads the image before its first server of it.', """
Where Nova's disks are files, an image is downloaded into ``_base`` of the
compute, and made raw there, before the first server of it boots; the next ones
use that file. So a boot is slow where it is the first of that image on that
compute, and again once Nova has removed the file as unused.

Prefetch images that many boot, keep them small, and see that what is fetched
is kept: ``glance-lifecycle-compute-cache`` shows it, on the compute.
""")

SIGNATURE_BROKEN = page.Page(
    'GLC044', 'signature-not-usable', _ERROR,
    'The properties of the signature of the image cannot be used.', """
Glance ignores a set of ``img_signature*`` that is not whole, so that the image
looks signed, and was verified by nobody. Nova and Cinder refuse it where they
verify.

Set all four properties, or remove all of them.
""")

UNSIGNED = page.Page(
    'GLC045', 'unsigned-and-refused', _ERROR,
    'The image is not signed, and a service boots only signed ones.', """
With ``[glance] verify_glance_signatures`` Nova refuses each image without a
signature that it downloads, and the server ends in ERROR.

Sign the image (``openstack image lifecycle sign``), and import it again; or do
not verify on hosts that have to boot unsigned images.
""")

CONVERTED = page.Page(
    'GLC046', 'signed-then-converted', _WARNING,
    'What is stored may not be what was signed: Glance converts after it '
    'verifies.', """
The plugin ``image_conversion`` of Glance changes the bytes after their
signature was verified, and leaves the signature of the old bytes. Nova and
Cinder then refuse the image. The plugin ``lifecycle`` signs anew what it
converts.

Sign the converted image, or let ``lifecycle`` convert.
""")

NOT_SERVED = page.Page(
    'GLC047', 'store-not-served', _ERROR,
    'A host is configured with a store that glance-api does not have.', """
The Image API lists the stores that its process was started with. A store that
stands in the files only was added since, or the driver could not be loaded, or
the request was answered by another host.

Restart glance-api on each host, and look for the name of the store in its log
as it starts.
""")

OVER_CAP = page.Page(
    'GLC048', 'larger-than-cap', _ERROR,
    'The image is larger than Glance takes.', """
``image_size_cap`` bounds what is uploaded, staged and, since Glance 33, what
web-download fetches: the request ends with 413, or the import fails.

Raise ``[DEFAULT] image_size_cap`` on each host, or make the image smaller,
such as by another format.
""")

PUBLIC = page.Page(
    'GLC049', 'image-is-public', _WARNING,
    'Each user of the cloud can boot and download the image.', """
A public image is shown to every project. What it holds is no secret any more,
as anybody may have downloaded it meanwhile.

If that was an accident, make it private, see in the logs who downloaded it,
and change what secrets it holds. Servers of other projects keep running;
their rebuild fails.
""")

AGAINST_POLICY = page.Page(
    'GLC050', 'public-against-the-policy', _ERROR,
    'The lifecycle policy does not let this image be so visible.', """
A rule of the lifecycle policy says which images may be public or community,
and of whose projects. Imports that break it are refused; an image that was
published before the rule was made, or past the plugin, stays as it is until
the worker, or you, change it.

Make it private, or let the policy permit it: ``openstack image lifecycle
policy explain IMAGE`` names the rule.
""")

CLONED = page.Page(
    'GLC094', 'image-is-cloned', _INFO,
    'Nova clones the image in Ceph: no boot waits for its download.', """
All that copy-on-write needs is there. A server of this image gets a clone of
it within a second, whatever its size, on every compute, the first time as
well; only what the server changes takes room. A cache of Glance or Nova has no
part in it.

If servers start slowly all the same, look at what comes before and after:
scheduling, networks, volumes, and what the guest does as it starts.
""")

NOT_SHOWN = page.Page(
    'GLC095', 'location-not-shown', _WARNING,
    'Nova keeps its disks in Ceph, and the image does not show where it is.',
    """
Nova clones an image only from a location that it sees. Without one, each
server downloads it and writes it into Ceph again.

Set ``show_image_direct_url``, with what GLC802 says about who then sees it.
""")

OTHER_CLUSTER = page.Page(
    'GLC096', 'image-in-other-cluster', _WARNING,
    'The image is in another Ceph cluster than the disks.', """
The location of the image names its cluster (fsid), and the ceph.conf of the
compute names that of the disks. Between two clusters nothing is cloned: each
server downloads the image from Glance.

Give Glance a store in the cluster of the disks, and copy the image there:
GLC803.
""")

POOL_CLOSED = page.Page(
    'GLC097', 'pool-not-readable', _WARNING,
    "Nova's key may not read the pool of the image.", """
Nova opens an image before it clones it. Where Ceph refuses that, it says so in
its log only, and downloads the image for each server.

Let the key of Nova read the pool: ``profile rbd-read-only pool=POOL`` for osd.
""")

PAGES = (NOT_RAW, NOT_IN_CEPH, FIRST_DOWNLOAD, SIGNATURE_BROKEN, UNSIGNED,
         CONVERTED, NOT_SERVED, OVER_CAP, PUBLIC, AGAINST_POLICY, CLONED,
         NOT_SHOWN, OTHER_CLUSTER, POOL_CLOSED)
