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

"""All codes that are no checks of the doctor, by what they are called."""

from collections.abc import Mapping

from glance_lifecycle.audit.caches import pages as caches
from glance_lifecycle.audit.diagnosis import pages as causes
from glance_lifecycle.audit.diagnosis.symptoms import pages as symptoms
from glance_lifecycle.audit.hygiene.local import pages as local
from glance_lifecycle.audit.hygiene import pages as hygiene
from glance_lifecycle.audit import page

#: What a group is about -> its pages, by their codes.
GROUPS: Mapping[str, tuple[page.Page, ...]] = {
    'Caches': caches.PAGES,
    'Hygiene': hygiene.PAGES + local.PAGES,
    'Symptoms': symptoms.PAGES,
    'An image that is stuck': causes.PAGES,
}
BY_CODE: Mapping[str, page.Page] = {
    one.code: one for group in GROUPS.values() for one in group}
_BY_SLUG = {one.slug: one.code for one in BY_CODE.values()}


def code(slug: str) -> str:
    """Of what a finding is called; a code is its own, of others the same."""
    return _BY_SLUG.get(slug, slug)
