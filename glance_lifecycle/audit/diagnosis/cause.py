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

"""A Diagnosis: why an image is as it is, and what to do."""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import datetime
import enum

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import units

ERROR = finding.Severity.ERROR
UNKNOWN = finding.Severity.UNKNOWN
WARNING = finding.Severity.WARNING
INFO = finding.Severity.INFO


class Confidence(enum.StrEnum):
    """How sure it is.

    CERTAIN: a fact says so. LIKELY: the facts are what this cause makes, and
    seldom what another makes. POSSIBLE: nothing contradicts it.
    """

    CERTAIN = 'certain'
    LIKELY = 'likely'
    POSSIBLE = 'possible'

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return list(type(self)).index(self)


CERTAIN = Confidence.CERTAIN
LIKELY = Confidence.LIKELY
POSSIBLE = Confidence.POSSIBLE


class Waiting(enum.StrEnum):
    """Whether it helps to wait."""

    YES = 'yes'
    NO = 'no'
    UNKNOWN = 'unknown'


YES = Waiting.YES
NO = Waiting.NO


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis(finding.Finding):
    """One cause. ``code`` is its slug, ``subject`` the image's id.

    :ivar cause: what happened, a sentence
    :ivar command: the next one, as it is typed; empty where there is none
    :ivar where: the host to run it on; empty for any
    """

    cause: str
    confidence: Confidence
    waiting: Waiting = NO
    command: str = ''
    where: str = ''


#: A cause: its diagnosis, where its rule holds.
Cause = Callable[[facts.Facts], Iterator[Diagnosis]]

#: What shows what a dead process has left, and what is done about it.
RECOVER = 'glance-lifecycle-manage recover --dry-run'

# Of a message that a stranger wrote.
_LONGEST = 300


def diagnosis(found: facts.Facts, code: str, cause: str, *evidence: str,
              severity: finding.Severity, confidence: Confidence,
              remedy: str, waiting: Waiting = NO, command: str = '',
              where: str = '', destructive: bool = False) -> Diagnosis:
    """Of that image, without what would act on a terminal.

    :param evidence: sentences, each of which names the fact that says so
    """
    return Diagnosis(
        code=code, severity=severity, subject=masking.name(found.image.id),
        evidence=masking.plain(' '.join(filter(None, evidence))),
        remedy=masking.plain(remedy), destructive=destructive,
        hosts=(where,) if where else (), cause=masking.plain(cause),
        confidence=confidence, waiting=waiting,
        command=masking.plain(command), where=masking.plain(where))


def quoted(text: str) -> str:
    """What a service said, in a sentence of ours."""
    text = masking.line(text)
    return '"%s"' % (text if len(text) <= _LONGEST
                     else text[:_LONGEST] + '...')


def status(found: facts.Facts) -> str:
    return 'The Image API shows status %s%s.' % (
        found.image.status or 'none', since(found, found.image.updated,
                                            ', last changed %s ago'))


def task(found: facts.Facts, one: facts.Task) -> str:
    """What is known of a task, as evidence."""
    return 'Task %s is %s%s%s%s.' % (
        masking.name(one.id), masking.name(one.status) or 'without a status',
        since(found, one.updated, ', last changed %s ago'),
        ', of request %s' % masking.name(one.request_id)
        if one.request_id else '',
        ', with the message %s' % quoted(one.message)
        if one.message else ', without a message')


def since(found: facts.Facts, when: datetime.datetime | None,
          text: str) -> str:
    """``text`` with a duration in it; empty where that is not known."""
    age = found.age(when)
    return '' if age is None else text % units.about_text(age)


def delete(found: facts.Facts) -> str:
    return 'openstack image delete %s' % found.image.id


def imported(found: facts.Facts) -> str:
    return ('openstack image import --method glance-direct %s'
            % found.image.id)
