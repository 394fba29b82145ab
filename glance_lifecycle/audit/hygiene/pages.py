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


"""What ``hygiene list`` finds, each with its code and its page."""

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_ERROR = finding.Severity.ERROR
_UNKNOWN = finding.Severity.UNKNOWN
_WARNING = finding.Severity.WARNING
_INFO = finding.Severity.INFO

PAGES = (
    page.Page('GLC020', 'orphan-object', _WARNING,
              'A store holds an object of an image that is deleted.', """
No location leads to it, the image is deleted in this Glance, and nothing has
happened to either for longer than the grace. An upload that died, or a store
that failed while the image was deleted, leaves such objects, and nobody ever
removes them.

Look at it before you remove it. Where a store is shared, ask the others, too:
users can choose the ids of images."""),
    page.Page('GLC021', 'orphan-segment', _WARNING,
              'A store holds a segment that belongs to no image.', """
Large images are stored in segments by the driver ``swift``. An upload that
died leaves those that it has written, and their name is that of an image that
is deleted, or that has no location in the store."""),
    page.Page('GLC022', 'unfinished-upload', _WARNING,
              'A store holds an upload that never ended.', """
Of an image that is deleted, or that is whole without it, and nobody has it
open. The plugin removes what a dead transfer left when glance-api starts, and
before the image is imported again; a host that never came back leaves it.

With S3, have the service abort uploads that are older than some days, by a
rule of the life cycle of the bucket."""),
    page.Page('GLC023', 'orphan-in-trash', _WARNING,
              'The trash of a pool holds an image that is deleted.', """
Ceph puts an image into the trash that was deleted while clones of it were
left, and does not empty it. Its bytes come back when the last clone is gone
and the trash is purged: ``rbd trash purge`` leaves what has clones."""),
    page.Page('GLC024', 'orphan-with-clones', _INFO,
              'An image that is deleted has clones in Ceph.', """
Volumes, or disks of servers, are made of it, and need it: it must stay. It
goes when they are flattened, or deleted."""),
    page.Page('GLC025', 'unregistered-copy', _WARNING,
              'A store holds a copy that its image does not know of.', """
The image is there, and has no location in this store. A copy that was
interrupted, or a location that was removed while the store failed, leaves
such.

If the image is to be in this store, look whether the copy is whole before it
counts; if not, it takes room for nothing."""),
    page.Page('GLC026', 'object-of-unknown-image', _UNKNOWN,
              'A store holds an object with the id of an image that this '
              'Glance does not know.', """
Either the image was deleted so long ago that ``glance-manage db purge`` has
removed what was known of it, or the object is of another Glance, such as that
of another region, which uses the same store. Nothing in the store tells these
apart, so this is never called an orphan.

Ask who else uses the store. In the logs of glance-api the id may still be
found."""),
    page.Page('GLC027', 'object-in-flight', _INFO,
              'An object changed lately, or its image is about to.', """
It is younger than the grace, somebody has it open, or its image is being
imported, staged, copied or scrubbed. It is not judged. If that lasts, see
``openstack image lifecycle diagnose IMAGE``."""),
    page.Page('GLC028', 'object-unclear', _UNKNOWN,
              'Nobody can tell whether an object is needed.', """
No location leads to it as far as can be seen, and something speaks against
calling it an orphan; the evidence says what. Nothing is to be removed before
that is known."""),
    page.Page('GLC029', 'foreign-objects', _INFO,
              'A store holds things that no driver of Glance makes.', """
Such as volumes of Cinder and disks of servers in a pool that is shared, or
files that somebody put into a data directory. They are counted, and nothing
else: whose they are is not for Glance to say."""),
    page.Page('GLC030', 'missing-object', _ERROR,
              'A location of an image leads nowhere.', """
Glance says that the image is in the store, and it is not. Downloads fail, or
are served from another store, and what clones the image in Ceph fails.

If it has another copy, ``openstack image lifecycle repair IMAGE`` writes this
one again, or, with ``--drop``, lets Glance forget the location. If it has
none, the image is lost: import it again, or deactivate it."""),
    page.Page('GLC031', 'wrong-size', _ERROR,
              'A stored copy is not as large as its image.', """
It was cut off, or something else has its name. Who boots of it gets another
disk than the one that was imported.

``openstack image lifecycle repair IMAGE`` reads all its copies, and replaces
those that are wrong from one that is not."""),
    page.Page('GLC032', 'image-without-location', _ERROR,
              'An active image is stored nowhere.', """
Glance shows it as active, with a size, and has no location of it, so that it
can neither be downloaded nor booted. Deactivate or delete it, and import it
again."""),
    page.Page('GLC033', 'image-without-hash', _INFO,
              'An active image has no hash.', """
Nobody can tell whether what is stored is what was imported. Images that Nova
makes of servers in Ceph have none, nor have those whose location was
registered and never validated. See GLC916 of the doctor.

``openstack image lifecycle repair IMAGE`` gives it the hash of what is stored
now, if all its copies are the same."""),
    page.Page('GLC034', 'location-elsewhere', _UNKNOWN,
              'A location names a store, and leads to somewhere else.', """
By its metadata it is in this store, and its address does not lead there as the
store is configured on this host: to another pool, bucket, directory or
address, or it cannot be decrypted. Whether the object is there cannot be
told.

If the store was moved, its old locations are to be moved after it."""),
    page.Page('GLC035', 'store-of-another', _UNKNOWN,
              'Most of what a store holds is of images that this Glance does '
              'not know.', """
So the store belongs to another Glance, or is shared with one that has more in
it, or the database is not the one that belongs to it. No object of it is
judged."""),
    page.Page('GLC036', 'store-not-the-one', _ERROR,
              'Most of what Glance has in a store is not there.', """
Rather than that so many objects were lost, the store is not the one that
Glance means: a directory whose file system is not mounted, another pool or
bucket, or another database than that of this cloud. No object of it is
judged.

See what the store is made of, and look again."""),
    page.Page('GLC037', 'store-not-listed', _UNKNOWN,
              'A store could not be listed to its end.', """
What did not come may be there, and what came may have lost what explains it.
So no object of it is judged. The evidence says why."""),
    page.Page('GLC038', 'in-quarantine', _INFO,
              'An object was taken out of sight by a plan.', """
It lies in its store under another name, and takes its room until it is purged.
``openstack image lifecycle hygiene undo`` brings it back, and the evidence
names the plan."""),
    page.Page('GLC039', 'needed-by-another', _INFO,
              'A store holds objects of images that another Glance needs.', """
An export of that Glance, which was named with ``--export``, has the ids of
these images. Whatever this Glance knows of them, they are never touched."""),
    page.Page('GLC040', 'same-hash-other-bytes', _ERROR,
              'Copies that are said to have the same bytes do not.', """
``openstack image lifecycle duplicates share`` had the kernel compare two files
whose images have the same hash, or were converted from the same upload, and
they differ. One of them is not what was imported any more, or what is said of
its image was forged. The rest of that file was not shared with the other, and
nothing of either was changed.

Verify both (``openstack image lifecycle store verify``). If one is corrupt,
have it written again (``openstack image lifecycle repair``). If both are what
their images' hashes say, ask who wrote the attestation of the one."""),
    page.Page('GLC130', 'noncurrent-version', _INFO,
              'A bucket holds old versions, which take room.', """
A bucket that keeps versions, or has kept them, holds what was removed or
replaced as a noncurrent version, until something removes that version by its
id. So the images that Glance deletes free no byte. The evidence says how many
bytes there are, and how many of them are of images that are deleted. A delete
marker takes no room.

Have the service remove them by a lifecycle rule of the bucket with
``NoncurrentVersionExpiration``, after as many days as somebody may want a
version back, and with ``ExpiredObjectDeleteMarker`` for the delete markers of
which nothing is left. ``hygiene apply`` removes none of them: what it takes
itself leaves none behind."""),
)
