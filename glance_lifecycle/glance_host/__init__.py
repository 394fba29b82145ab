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

"""All that touches Glance's internals; nothing else imports ``glance``.

Each use of something that Glance does not promise is tested against every
release in RELEASES (tests/functional/test_contract.py). On another release
``direct_unsupported()`` says so and imports are staged.

``running``: one running import. ``domain``: its image. ``database``: images
and tasks as the service sees them. ``copies``: what is stored of an image.
``repairs``: what is put right of it. ``catalogue``: all images at once.
``contents``: what tells their bytes. ``locations``: rows of them, changed.
``settings``: Glance's configuration. ``enforcement``: a policy check's view.
``transactions``: how records are changed.
"""

from glance_lifecycle.glance_host.catalogue import GONE
from glance_lifecycle.glance_host.catalogue import images_of_tasks
from glance_lifecycle.glance_host.catalogue import known_images
from glance_lifecycle.glance_host.catalogue import KnownImage
from glance_lifecycle.glance_host.catalogue import KnownLocation
from glance_lifecycle.glance_host.catalogue import live_locations
from glance_lifecycle.glance_host.catalogue import locations_with
from glance_lifecycle.glance_host.catalogue import PAGE
from glance_lifecycle.glance_host.catalogue import scrubbed_later
from glance_lifecycle.glance_host.catalogue import some_images
from glance_lifecycle.glance_host.catalogue import some_locations
from glance_lifecycle.glance_host.catalogue import some_marks
from glance_lifecycle.glance_host.contents import known_contents
from glance_lifecycle.glance_host.contents import KnownContent
from glance_lifecycle.glance_host.contents import some_contents
from glance_lifecycle.glance_host.copies import announce_copies
from glance_lifecycle.glance_host.copies import check_location_quota
from glance_lifecycle.glance_host.copies import register_copy
from glance_lifecycle.glance_host.copies import stored_image
from glance_lifecycle.glance_host.copies import StoredCopy
from glance_lifecycle.glance_host.copies import StoredImage
from glance_lifecycle.glance_host.database import clear_stores
from glance_lifecycle.glance_host.database import drop_lock
from glance_lifecycle.glance_host.database import end_task
from glance_lifecycle.glance_host.database import image_state
from glance_lifecycle.glance_host.database import ImageState
from glance_lifecycle.glance_host.database import restore
from glance_lifecycle.glance_host.database import set_queued
from glance_lifecycle.glance_host.database import set_uploading
from glance_lifecycle.glance_host.database import settle
from glance_lifecycle.glance_host.database import stale_tasks
from glance_lifecycle.glance_host.database import StaleTask
from glance_lifecycle.glance_host.database import task_over
from glance_lifecycle.glance_host.domain import Wanted
from glance_lifecycle.glance_host.enforcement import ceph_clusters
from glance_lifecycle.glance_host.enforcement import deleted_meanwhile
from glance_lifecycle.glance_host.enforcement import Enforced
from glance_lifecycle.glance_host.enforcement import enforced
from glance_lifecycle.glance_host.enforcement import NOT_FOUND
from glance_lifecycle.glance_host.enforcement import refusal
from glance_lifecycle.glance_host.enforcement import UNFINISHED
from glance_lifecycle.glance_host.locations import change_store
from glance_lifecycle.glance_host.locations import change_url
from glance_lifecycle.glance_host.locations import importing_to
from glance_lifecycle.glance_host.locations import location_rows
from glance_lifecycle.glance_host.locations import LocationRow
from glance_lifecycle.glance_host.locations import Swapped
from glance_lifecycle.glance_host.repairs import change_location
from glance_lifecycle.glance_host.repairs import drop_location
from glance_lifecycle.glance_host.repairs import fill_in
from glance_lifecycle.glance_host.running import direct_unsupported
from glance_lifecycle.glance_host.running import DOWNLOADS
from glance_lifecycle.glance_host.running import Import
from glance_lifecycle.glance_host.running import RELEASES
from glance_lifecycle.glance_host.running import Sealed
from glance_lifecycle.glance_host.running import taken_over
from glance_lifecycle.glance_host.running import UserError
from glance_lifecycle.glance_host.settings import allowed_inspections
from glance_lifecycle.glance_host.settings import configuration_files
from glance_lifecycle.glance_host.settings import delays_deletes
from glance_lifecycle.glance_host.settings import hash_algorithm
from glance_lifecycle.glance_host.settings import image_cache
from glance_lifecycle.glance_host.settings import is_unpacked
from glance_lifecycle.glance_host.settings import load_configuration
from glance_lifecycle.glance_host.settings import self_url
from glance_lifecycle.glance_host.settings import staged_path
from glance_lifecycle.glance_host.settings import staging_dir
from glance_lifecycle.glance_host.settings import store_driver
from glance_lifecycle.glance_host.settings import store_kinds
from glance_lifecycle.glance_host.settings import tasks_dir
from glance_lifecycle.glance_host.settings import wsgi_python

__all__ = [
    'DOWNLOADS',
    'GONE',
    'NOT_FOUND',
    'PAGE',
    'RELEASES',
    'UNFINISHED',
    'Enforced',
    'ImageState',
    'Import',
    'KnownContent',
    'KnownImage',
    'KnownLocation',
    'LocationRow',
    'Sealed',
    'StaleTask',
    'StoredCopy',
    'StoredImage',
    'Swapped',
    'UserError',
    'Wanted',
    'allowed_inspections',
    'announce_copies',
    'ceph_clusters',
    'change_location',
    'change_store',
    'change_url',
    'check_location_quota',
    'clear_stores',
    'configuration_files',
    'delays_deletes',
    'deleted_meanwhile',
    'direct_unsupported',
    'drop_location',
    'drop_lock',
    'end_task',
    'enforced',
    'fill_in',
    'hash_algorithm',
    'image_cache',
    'image_state',
    'images_of_tasks',
    'importing_to',
    'is_unpacked',
    'known_contents',
    'known_images',
    'live_locations',
    'load_configuration',
    'location_rows',
    'locations_with',
    'refusal',
    'register_copy',
    'restore',
    'scrubbed_later',
    'self_url',
    'set_queued',
    'set_uploading',
    'settle',
    'some_contents',
    'some_images',
    'some_locations',
    'some_marks',
    'staged_path',
    'staging_dir',
    'stale_tasks',
    'store_driver',
    'store_kinds',
    'stored_image',
    'taken_over',
    'task_over',
    'tasks_dir',
    'wsgi_python',
]
