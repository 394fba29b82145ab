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

"""A file of this host as a finding, with what it holds and what helps."""

from collections.abc import Iterator
import dataclasses

from glance_lifecycle.audit import finding
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import pages
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.policy import units

STAGING = 'stale-staging-file'
TASK = 'stale-task-file'
CACHE = 'stale-cache-file'
LOCK = 'stale-lock'
JOURNAL = 'stale-journal'
RECORD = 'stale-verified-record'
BASE = 'stale-base-file'
UNCLEAR = 'local-file-unclear'
NOT_LISTED = 'local-not-listed'

_PAGES = {one.slug: one for one in pages.PAGES}

WAIT = 'Leave it until that is known.'


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a file.

    :ivar slug: of the page
    :ivar why: a sentence, as ``remedy``
    :ivar image_id: of its image, where its name does not say it
    """

    slug: str
    why: str
    remedy: str = WAIT
    image_id: str = ''

    @property
    def stale(self) -> bool:
        return self.slug not in (UNCLEAR, NOT_LISTED)


def item(place: str, file: listing.File, verdict: Verdict,
         times: judging.Times) -> wording.Item:
    """:param place: its name, as ``--store`` takes it"""
    return _made(
        place, verdict, file.image_id or verdict.image_id or file.name,
        ' '.join((verdict.why, *_said(file, times))), file.where,
        file.allocated)


def not_listed(place: str, where: str, why: str) -> wording.Item:
    return _made(place, Verdict(
        NOT_LISTED, why, 'Correct what the evidence says, and look again.'),
        place, '%s: %s' % (wording.shown(where), wording.shown(why)), where,
        0)


def _made(place: str, verdict: Verdict, subject: str, evidence: str,
          where: str, held: int) -> wording.Item:
    page = _PAGES[verdict.slug]
    return wording.Item(verdict.slug, finding.Finding(
        page.code, page.severity, wording.shown(subject), evidence,
        verdict.remedy), place, wording.shown(where), held)


def _said(file: listing.File, times: judging.Times) -> Iterator[str]:
    yield 'It has %d bytes%s, and last changed %s, %s ago.' % (
        file.size, '' if file.allocated == file.size else
        ', takes %d' % file.allocated, wording.time(file.changed),
        units.about_text(max(0.0, times.now - file.changed)))
    if file.links:
        yield ('It has %d more names, so that removing this one frees '
               'nothing.' % file.links)
