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

"""The causes that ``diagnose`` names, each with its code and its page."""

from glance_lifecycle.audit import finding
from glance_lifecycle.audit import page

_ERROR = finding.Severity.ERROR
_UNKNOWN = finding.Severity.UNKNOWN
_WARNING = finding.Severity.WARNING
_INFO = finding.Severity.INFO

_AGAIN = """

The staged data are kept while the status of the image is ``uploading``: the
import may be asked for again without another upload."""
_STAGE = """

Glance has removed the staged data. Correct what the message names, and stage
the image again."""

IMPORTING = (
    page.Page('GLC051', 'import-runs', _INFO, 'The import runs.', """
A process lives that works on it: its journal is held, its task or its staged
file has changed within two minutes. Wait for its end."""),
    page.Page('GLC052', 'import-dead', _ERROR,
              'The process that ran the import died in the middle of it.', """
The plugin notes each transfer in a journal, which a living process holds. Of
this one nobody does. Stock Glance cannot tell, and leaves the image
``importing`` for ever.

``glance-lifecycle-manage recover`` on the host of the import undoes what is
half done; ``--dry-run`` shows it first. The next import on that host does the
same."""),
    page.Page('GLC053', 'import-silent', _ERROR,
              'Nothing is heard of the import: its process has most likely '
              'died.', """
The plugin changes its task every 30 seconds, stock Glance while it uploads. A
task that has not changed for long has nobody who works on it.

Run ``glance-lifecycle-manage recover`` on the host of the import. Without the
plugin's journal it takes ``--stale-after``, and you have to know that no
import runs."""),
    page.Page('GLC054', 'import-unseen', _UNKNOWN,
              'The import runs, or its process has died: what is known does '
              'not tell.', """
Stock Glance changes a task neither while it downloads nor while it converts.
Look on each host of glance-api with ``--config-dir``, where journals and
staged files tell more."""),
    page.Page('GLC055', 'worker-awaited', _WARNING,
              'The import waits for the lifecycle worker of its host.', """
Transfers are given to the worker where ``[lifecycle_transfer]`` says so. Look
at ``openstack image lifecycle status``, and start the worker on the host of
the import."""),
    page.Page('GLC056', 'lock-left', _ERROR,
              'The import has ended and still holds the lock of the image.',
"""
``os_glance_import_task`` of the image names a task that is over. After an hour
another import may take the lock, but Glance imports no image whose status is
``importing``: such an image has to be deleted and created anew."""),
    page.Page('GLC057', 'lock-taken', _ERROR,
              'The lock of the image names a task that is not there.', """
Another import took the lock of one that was silent for an hour, or the task
was purged from the database. The import that lost the lock stops and undoes
what it did."""),
    page.Page('GLC058', 'import-abandoned', _ERROR,
              'The import failed and left the image importing.', """
No task works on it, and it has no lock. Glance imports no image whose status
is ``importing``: delete it, and create it anew."""),
)

FAILED = (
    page.Page('GLC059', 'signature-refused', _ERROR,
              'The signature of the image was refused.', """
The message says which rule refused it: the certificate, its chain or dates,
the key, or the signature itself, which is of other bytes.""" + _STAGE),
    page.Page('GLC060', 'format-refused', _ERROR,
              'The format of the data is not what the image says, or not '
              'allowed.', """
The bytes are looked at before anything reads them as an image. What they are
has to be the ``disk_format`` of the image, without what could reach other
files: a backing file, a data file, unknown features.""" + _STAGE),
    page.Page('GLC061', 'data-corrupt', _ERROR,
              'The data are damaged, and cannot be converted.', """
The upload was cut, or the file was damaged before. ``qemu-img check`` says
more.""" + _STAGE),
    page.Page('GLC062', 'policy-refused', _ERROR,
              'The lifecycle policy, or a limit, refused the image.', """
The message names the rule. ``openstack image lifecycle policy explain`` shows
which rule decides what, and why.""" + _STAGE),
    page.Page('GLC063', 'store-full', _ERROR, 'A store is full.', """
No space is left in the store, or in the staging. Make room, or import into
another store.""" + _AGAIN),
    page.Page('GLC064', 'store-occupied', _ERROR,
              'An object of that name lies in the store already.', """
It is left from an import that died, or belongs to somebody else: nothing is
overwritten. ``glance-lifecycle-manage recover`` removes what is ours."""
              + _AGAIN),
    page.Page('GLC065', 'store-failed', _ERROR, 'A store failed.', """
The store could not be reached, refused the credentials, or failed while it was
written. Its own message is in the task and in the log.""" + _AGAIN),
    page.Page('GLC066', 'host-filtered', _ERROR,
              'The address to download from is not allowed.', """
``[import_filtering_opts]`` of glance-api says which schemes, hosts and ports
web-download may ask. Use another address, or allow it on every host."""),
    page.Page('GLC067', 'staged-elsewhere', _WARNING,
              'The data were staged on another host, or are gone.', """
With a staging that hosts do not share, each host needs an address of its own
in ``worker_self_reference_url``, by which the others pass imports on to it.

Compare the hosts with the doctor: GLC501 and GLC502."""),
    page.Page('GLC068', 'no-worker', _ERROR,
              'No lifecycle worker did the import.', """
The import was given to the worker of the host, and nobody did it in time.
Start ``glance-lifecycle-worker`` there.""" + _AGAIN),
    page.Page('GLC069', 'key-manager', _ERROR,
              'The key manager did not give the certificate or key.', """
It is away, or it does not let the service, or the user, read the certificate:
see the ACL of the secret in Barbican.""" + _AGAIN),
    page.Page('GLC070', 'configuration', _ERROR,
              'The configuration of the plugin is not usable.', """
An import is refused rather than made without the plugin. The message names the
option; ``openstack image lifecycle doctor`` finds more.""" + _AGAIN),
    page.Page('GLC071', 'database', _ERROR, 'The database did not answer.', """
The transfer was undone, as its end could not be recorded. Look at the
database, and import the image again."""),
    page.Page('GLC072', 'import-undone', _INFO,
              'The import died with its process, and was undone.', """
Recovery has removed what was half written. Import the image again."""
              + _AGAIN),
    page.Page('GLC073', 'cancelled', _ERROR, 'The import was stopped.', """
Somebody deleted the image or took its lock, or glance-api was stopped."""
              + _AGAIN),
    page.Page('GLC074', 'transfer-failed', _ERROR, 'The transfer failed.', """
The message of the task says what failed, and the log of glance-api says more.
""" + _AGAIN),
    page.Page('GLC075', 'task-failed', _ERROR, 'The import failed.', """
Stock Glance tells no more than *Task failed due to Internal Error*. The reason
is in the log of glance-api: give it with ``--read-log`` or ``--journal``."""),
    page.Page('GLC076', 'request-refused', _ERROR,
              "Glance's policy refused a request for this image.", """
The log has it: that user may not do that. Ask as one who may, or change the
rule in the policy of glance-api."""),
)

WAITING = (
    page.Page('GLC077', 'never-imported', _WARNING,
              'The data were staged, and nobody has asked for the import.', """
Staging and import are two requests. ``openstack image import --method
glance-direct IMAGE`` asks for the second."""),
    page.Page('GLC078', 'staged-data-lost', _ERROR,
              'The data were staged on this host, and are gone.', """
Somebody has cleaned the staging, or it is in memory and the host was started
anew: see GLC301 of the doctor. Delete the image, and stage it anew."""),
    page.Page('GLC079', 'no-data', _WARNING,
              'Nobody has uploaded or staged data for it.', """
The record was made, and no data came. Stage and import them, or delete the
image."""),
    page.Page('GLC080', 'upload-cut', _ERROR,
              'The upload was cut off, most likely with its glance-api.', """
``saving`` ends with the upload. Glance accepts no other upload of this image:
delete it, and create it anew. Imports survive such an end, uploads do
not."""),
    page.Page('GLC081', 'upload-runs', _UNKNOWN,
              'An upload runs, or was cut off.', """
Glance changes nothing of the image until an upload ends, so nobody can tell.
Ask again when the upload should be over."""),
)

STORED = (
    page.Page('GLC082', 'store-gone', _ERROR,
              'A store of the image is not in the configuration any more.', """
The copy may well be there, but glance-api cannot reach it. Add the store to
``[DEFAULT] enabled_backends`` again on every host, and restart glance-api;
copy images elsewhere before a store is taken away."""),
    page.Page('GLC083', 'copies-failed', _WARNING,
              'The image is usable, but not in each store that was asked for.',
              """
``os_glance_failed_import`` names the stores. Mend them, and copy the image
there with ``copy-image``."""),
    page.Page('GLC084', 'copies-unfinished', _WARNING,
              'A copy to a store was begun, and nothing works on it.', """
``os_glance_importing_to_stores`` names the store, and no task is open. Ask for
the copy again."""),
    page.Page('GLC085', 'deactivated', _WARNING,
              'An administrator has deactivated the image.', """
Only administrators can download it, and no server boots from it. Ask why, and
activate it."""),
    page.Page('GLC086', 'pending-delete', _WARNING,
              'The image was deleted, and its data wait for the scrubber.', """
With ``[DEFAULT] delayed_delete`` the data are removed by ``glance-scrubber``,
which has to run regularly."""),
    page.Page('GLC087', 'killed', _ERROR,
              'An upload failed, and the image is of no use.', """
Delete it."""),
)

LEFT = (
    page.Page('GLC090', 'import-handed', _WARNING,
              'The glance-api that asked for the import died, and the '
              'lifecycle worker is not at it.', """
With ``run_in = worker`` a job is made, and glance-api waits for it. While that
job is open, the worker of the host brings the import to its end, and recovery
leaves it alone. See ``openstack image lifecycle job list``, and whether the
worker runs."""),
    page.Page('GLC091', 'left-over', _WARNING,
              'An import that is over could not remove all that it had '
              'written.', """
A store that did not answer may keep what an import wrote there. It stays on
record in the journal of the import, until the store says that it is gone:
``glance-lifecycle-manage recover`` looks again, and so does the next import on
that host."""),
    page.Page('GLC092', 'copy-dead', _WARNING,
              'A copy of the image died with its process.', """
``openstack image lifecycle store copy``, or a job of the worker, was killed
while it wrote. The image and its other copies are as they were. What was
written is no copy that Glance knows, and takes room.

``glance-lifecycle-manage recover`` removes it, and shows it first with
``--dry-run``. So does the next copy of the image from that host."""),
    page.Page('GLC093', 'copy-runs', _INFO, 'A copy of the image runs.', """
A process lives that holds its journal. It takes no lock in Glance, so that
only its host can tell. Wait for its end."""),
)

GENERAL = (
    page.Page('GLC088', 'well', _INFO, 'Nothing keeps the image.', """
It is active, without a lock, and nothing is left of an import."""),
    page.Page('GLC089', 'unknown', _UNKNOWN,
              'Why it is so cannot be told.', """
The evidence names what was not looked at: its tasks, its host, the logs."""),
)

PAGES = (*IMPORTING, *FAILED, *WAITING, *STORED, *LEFT, *GENERAL)
